/** The browser's half of the live bench: a session as the app runs it, with the camera that Chromium was given. */
import { createEngine } from '../../src/client/engine.ts';
import { FOR_LIVE, PoseClient } from '../../src/client/pose.ts';
import type { LoadOptions, Reference } from '../../src/engine/api.ts';
import { FramePlanner, LiveSession, type Pace, type PaintedFrame, type Size } from '../../src/live/index.ts';
import { type Camera, openCamera } from '../../src/media/page/index.ts';
import type { Pose } from '../../src/pose/types.ts';

/** The app finds them beside itself; this page lies elsewhere. */
const ASSETS = new URL('/pose/', location.href).href;

export interface Setting {
  readonly pack: string;
  readonly load: LoadOptions;
  /** From large to small. */
  readonly sizes: readonly Size[];
  readonly frameRate: number;
}

export interface FrameRecord
  extends Pick<PaintedFrame, 'latencyMs' | 'poseMs' | 'denoiseMs' | 'decodeMs' | 'paintMs' | 'isSettling'> {
  /** When its pixels were on the canvas. */
  readonly at: number;
  readonly drawMs: number;
  readonly evaluations: number;
  readonly pace: Pace;
  /** Nothing was painted for a while before it, as nobody moved. */
  readonly afterRest: boolean;
}

export interface LiveRun {
  readonly frames: readonly FrameRecord[];
  readonly restarts: readonly string[];
  readonly looks: number;
  readonly looksWithPerson: number;
}

const engine = createEngine();
const pose = new PoseClient({ ...FOR_LIVE, people: 2 }, ASSETS);
let setting: Setting;
let camera: Camera;
let reference: Reference;
let options: { seed: number; guidance: number };

async function prepare(wanted: Setting, photo: string): Promise<string> {
  setting = wanted;
  camera = await openCamera({ width: 640, height: 480, mirror: true });
  const image = await createImageBitmap(await (await fetch(photo)).blob());
  const [person] = await pose.find(await createImageBitmap(image));
  if (!person) throw new Error('Nobody was found in the photo.');
  reference = { image, pose: person };
  const info = await engine.load({ kind: 'url', url: wanted.pack }, wanted.load);
  await engine.setReferences([reference]);
  options = { seed: 1, guidance: info.manifest.defaults.guidance };
  return `${info.backend}, ${info.device}, ${info.precision}`;
}

/** Lives until `count` frames are painted or the seconds are over; at frame `restartAt` both workers are ended. */
async function live(count: number, seconds: number, restartAt = Number.POSITIVE_INFINITY): Promise<LiveRun> {
  const frames: FrameRecord[] = [];
  const restarts: string[] = [];
  const end = new AbortController();
  const context = canvas().getContext('bitmaprenderer');
  let [looks, looksWithPerson, afterRest] = [0, 0, true];
  const session = new LiveSession(
    {
      ready: Promise.resolve(),
      follow: (image, timeMs) => pose.follow(image, timeMs),
      paint: (body, render) => engine.renderFrame(body, render),
      setReference: (next) => engine.setReferences([next]),
    },
    { reference, ...setting, ...options, startSize: 0 },
    {
      look: ({ person }) => {
        looks++;
        if (person) looksWithPerson++;
      },
      rest: () => {
        afterRest = true;
      },
      restarted: (worker) => restarts.push(worker),
      frame(image, frame) {
        const began = performance.now();
        canvas().width = image.width;
        canvas().height = image.height;
        context?.transferFromImageBitmap(image);
        const at = performance.now();
        const { latencyMs, poseMs, denoiseMs, decodeMs, paintMs, isSettling, pace } = frame;
        const drawMs = at - began;
        frames.push({
          ...{ at, latencyMs: latencyMs + drawMs, poseMs, denoiseMs, decodeMs, paintMs, drawMs },
          ...{ evaluations: frame.plan.evaluations, isSettling, pace, afterRest },
        });
        afterRest = false;
        if (frames.length === restartAt) {
          // In the middle of the next frame, where it hurts most.
          setTimeout(() => {
            engine.restart('the bench ended it.');
            pose.dispose('the bench ended it.');
          }, 20);
        }
        if (frames.length === count) end.abort();
      },
    },
  );
  const timer = setTimeout(() => end.abort(), seconds * 1000);
  await session.run(camera, end.signal);
  clearTimeout(timer);
  return { frames, restarts, looks, looksWithPerson };
}

/**
 * Mean difference, of 255, of the last of `count` frames from the tenth, all of one still pose: each made from the one
 * before, as if the body moved too little to see and too much to rest.
 */
async function drift(count: number, evaluations: number): Promise<number> {
  const planner = new FramePlanner({ still: 0 });
  const [size] = setting.sizes;
  if (!size) throw new Error('No size was given.');
  let tenth: Uint8ClampedArray | undefined;
  for (let index = 1; ; index++) {
    const plan = planner.next(reference.pose, evaluations);
    if (!plan) throw new Error('A frame was left out.');
    const { steps, fromLastFrame } = plan;
    const render = { ...size, ...options, steps, ...(fromLastFrame && { fromLastFrame }) };
    const { image } = await engine.renderFrame(reference.pose as Pose, render);
    if (index === 10) tenth = pixelsOf(image);
    if (index === count && tenth) {
      const last = pixelsOf(image);
      const sum = last.reduce((total, value, i) => total + Math.abs(value - (tenth?.[i] ?? 0)), 0);
      // Every fourth value is the alpha, which never differs.
      return sum / (last.length * 0.75);
    }
    image.close();
  }
}

function pixelsOf(image: ImageBitmap): Uint8ClampedArray {
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('This browser gives no canvas.');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

/**
 * Bytes of the page and its workers, wasm memories included, after the garbage is gone. Every thread has to answer, and
 * those of ONNX Runtime wait where nothing reaches them: for this, the engine computes with one thread.
 */
async function heapBytes(): Promise<number> {
  const measure = (performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> })
    .measureUserAgentSpecificMemory;
  return (await measure.call(performance)).bytes;
}

const canvas = () => document.querySelector('#screen') as HTMLCanvasElement;

const liveBench = { prepare, live, drift, heapBytes };
declare global {
  interface Window {
    liveBench: typeof liveBench;
  }
}
window.liveBench = liveBench;
