import { createEngine, EngineClient } from '../../src/client/engine.ts';
import type { LoadOptions, RenderedFrame, RenderOptions } from '../../src/engine/api.ts';
import { PirouetteError } from '../../src/errors.ts';
import type { Pose } from '../../src/pose/types.ts';
import type { Fault } from './fragile.worker.ts';

const engine: EngineClient = createEngine();
const notices: string[] = [];
engine.onNotice((notice) => notices.push(notice));

/** A person who stands upright in the middle, with one arm raised as far as `raise` says (0..1). */
function standing(width: number, height: number, raise = 0): Pose {
  const at = [
    [0.5, 0.15],
    [0.5, 0.25],
    [0.42, 0.25],
    [0.38, 0.38],
    [0.36, 0.5],
    [0.58, 0.25],
    [0.62, 0.38 - 0.2 * raise],
    [0.64, 0.5 - 0.4 * raise],
    [0.45, 0.52],
    [0.45, 0.7],
    [0.45, 0.9],
    [0.55, 0.52],
    [0.55, 0.7],
    [0.55, 0.9],
    [0.48, 0.13],
    [0.52, 0.13],
    [0.46, 0.14],
    [0.54, 0.14],
  ];
  return {
    width,
    height,
    joints: Float32Array.from(at.flatMap(([x = 0, y = 0]) => [x * width, y * height, 1])),
  };
}

/** A photo of nobody: stripes and a disc, drawn the same every time. */
async function photo(width: number, height: number): Promise<ImageBitmap> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  for (let x = 0; x < width; x += 16) {
    context.fillStyle = `hsl(${(360 * x) / width} 60% 50%)`;
    context.fillRect(x, 0, 16, height);
  }
  context.fillStyle = 'white';
  context.arc(width / 2, height / 3, height / 6, 0, 7);
  context.fill();
  return createImageBitmap(canvas);
}

export const DEFAULTS: RenderOptions = { width: 128, height: 128, steps: 4, seed: 1, guidance: 1 };

/** The bytes of a frame as one number, and whether anything is to be seen on it. */
async function summary({ image, index, timings }: RenderedFrame) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  const result = {
    index,
    timings,
    width: image.width,
    height: image.height,
    hash: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    shades: new Set(data).size,
  };
  image.close();
  return result;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** An error as the page sees it; `isOurs` where it is still of one of our classes. */
async function failure(work: Promise<unknown>) {
  try {
    await work;
  } catch (error) {
    const { name, message } = error as Error;
    return {
      name,
      message,
      isOurs: error instanceof PirouetteError,
      remedy: (error as { remedy?: string }).remedy,
    };
  }
  return undefined;
}

/**
 * Frames of an engine on WebGPU whose workers break, each in its way and all but the last: the same frame from each. A
 * worker that is `ended` is so by the page. The first of all makes the frame that the others are held against.
 */
async function onFragileEngine(
  url: string,
  deaths: readonly (Fault | 'ended')[],
  options: Partial<RenderOptions>,
) {
  const waiting: Fault[] = [];
  let started = 0;
  const start = () => {
    started++;
    const address = new URL('./fragile.worker.ts', import.meta.url);
    address.search = String(new URLSearchParams({ fault: waiting.shift() ?? 'none', step: '2' }));
    return new Worker(address, { type: 'module' });
  };
  const fragile = new EngineClient(start);
  const heard: string[] = [];
  fragile.onNotice((notice) => heard.push(notice));
  const load = async (fault: Fault) => {
    waiting.push(fault);
    await fragile.load(
      { kind: 'url', url },
      { backend: 'webgpu', size: sizeOf({ ...DEFAULTS, ...options }) },
    );
    await fragile.setReferences([{ image: await photo(200, 300), pose: standing(200, 300) }]);
  };
  const frame = async () =>
    summary(await fragile.renderFrame(standing(200, 300), { ...DEFAULTS, ...options }));
  await load('none');
  const before = await frame();
  const after: { death: string; hash: string; seconds: number }[] = [];
  for (const death of deaths) {
    await load(death === 'ended' ? 'none' : death);
    const began = performance.now();
    const again = frame();
    if (death === 'ended') setTimeout(() => fragile.restart('a test ended it.'), 50);
    const { hash } = await again;
    after.push({ death, hash, seconds: (performance.now() - began) / 1000 });
  }
  await fragile.dispose();
  return { before, after, started, heard };
}

const sizeOf = ({ width, height }: RenderOptions) => ({ width, height });

const bench = {
  engine,
  notices,
  failure,
  onFragileEngine,
  load: (url: string, options: LoadOptions = { backend: 'wasm' }) =>
    engine.load({ kind: 'url', url }, options),
  async reference(width = 200, height = 300) {
    await engine.setReferences([{ image: await photo(width, height), pose: standing(width, height) }]);
  },
  async frame(options: Partial<RenderOptions> = {}, raise = 0) {
    return summary(await engine.renderFrame(standing(200, 300, raise), { ...DEFAULTS, ...options }));
  },
  /** Medians over some frames of a running clip: one before them has made the reference pass. */
  async time(frames: number, options: Partial<RenderOptions>) {
    const timings: RenderedFrame['timings'][] = [];
    for (let i = 0; i <= frames; i++) timings.push((await bench.frame(options, i / frames)).timings);
    timings.shift();
    return {
      seconds: median(timings.map(({ denoiseMs, decodeMs }) => (denoiseMs + decodeMs) / 1000)),
      decodeSeconds: median(timings.map(({ decodeMs, retouchMs }) => (decodeMs - retouchMs) / 1000)),
      retouchSeconds: median(timings.map(({ retouchMs }) => retouchMs / 1000)),
    };
  },
  async animate(count: number, options: Partial<RenderOptions> = {}, cancelAfter = Number.POSITIVE_INFINITY) {
    const poses = Array.from({ length: count }, (_, i) => standing(200, 300, i / count));
    const frames: Awaited<ReturnType<typeof summary>>[] = [];
    const error = await failure(
      engine.animate(poses, { ...DEFAULTS, ...options }, async (frame) => {
        frames.push(await summary(frame));
        if (frames.length === cancelAfter) void engine.cancel();
      }),
    );
    return { frames, error };
  },
};

/** Calls that must fail, each as the page sees its error. */
const faults = {
  load: (url: string, options: LoadOptions) => failure(bench.load(url, options)),
  frame: (options: Partial<RenderOptions>) => failure(bench.frame(options)),
  /** How long a frame of so many steps goes on after it is cancelled, and how it ends. */
  async cancelled(steps: number, afterMs: number) {
    const work = failure(bench.frame({ steps }));
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const start = performance.now();
    await engine.cancel();
    const error = await work;
    return { error, ms: performance.now() - start };
  },
  async workerDies(options: Partial<RenderOptions>) {
    const work = failure(bench.frame(options));
    await new Promise((resolve) => setTimeout(resolve, 50));
    engine.restart('a test ended it.');
    return work;
  },
};

export type EngineFaults = typeof faults;
export type EngineBench = typeof bench;
Object.assign(window, { bench, faults });
