import { createEngine, type EngineClient } from '../../src/client/engine.ts';
import type { LoadOptions, RenderedFrame, RenderOptions } from '../../src/engine/api.ts';
import type { Backend } from '../../src/engine/backend.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { Engine } from '../../src/engine/engine.ts';
import { WebGpuBackend } from '../../src/engine/webgpu/backend.ts';
import { PirouetteError } from '../../src/errors.ts';
import { openPack } from '../../src/pack/open.ts';
import type { Pose } from '../../src/pose/types.ts';

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

/** An engine in the page itself, whose WebGPU device a test can take away. */
async function onFragileDevice(url: string, options: Partial<RenderOptions>) {
  const devices: GPUDevice[] = [];
  let destroyBefore = Number.POSITIVE_INFINITY;
  const fragile = new Engine({
    openPack,
    async createBackend(kind, choice) {
      const backend = await createBackend(kind, choice);
      if (backend instanceof WebGpuBackend) devices.push(backend.on.gpu);
      return interruptible(backend, () => {
        if (--destroyBefore === 0) devices.at(-1)?.destroy();
      });
    },
  });
  const heard: string[] = [];
  fragile.onNotice((notice) => heard.push(notice));
  await fragile.load({ kind: 'url', url }, { backend: 'webgpu' });
  await fragile.setReferences([{ image: await photo(200, 300), pose: standing(200, 300) }]);
  const frame = async () =>
    summary(await fragile.renderFrame(standing(200, 300), { ...DEFAULTS, ...options }));
  const before = await frame();
  destroyBefore = 2;
  const after = await frame();
  await fragile.dispose();
  return { before, after, devices: devices.length, heard };
}

/** A backend that tells of each evaluation before it begins. */
function interruptible(backend: Backend, onEvaluate: () => void): Backend {
  const build = backend.build.bind(backend);
  backend.build = async (...args) => {
    const networks = await build(...args);
    const evaluate = networks.evaluate.bind(networks);
    networks.evaluate = (evaluation) => {
      onEvaluate();
      return evaluate(evaluation);
    };
    return networks;
  };
  return backend;
}

const bench = {
  engine,
  notices,
  failure,
  onFragileDevice,
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
