/**
 * What the studio itself costs, with an engine that paints noise at once: how often frames are decoded, how often they
 * are painted, what stays in memory, and how long the page stands still while a joint is dragged.
 */
import type { EngineApi, EngineInfo, RenderedFrame, RenderOptions } from '../../src/engine/api.ts';
import { standing } from '../../src/live/testing/bodies.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';
import type { Pose } from '../../src/pose/types.ts';
import {
  createStudio,
  type Dance,
  DEFAULT_SETTINGS,
  OwnLocks,
  type Person,
  privateFolder,
  type Reel,
  type Settings,
  Store,
  viewOf,
} from '../../src/studio/index.ts';

const SIDE = 256;
const FRAME_RATE = 25;

/** Paints noise, which no encoder makes small, and counts. */
class NoiseEngine implements EngineApi {
  painted = 0;

  async load(): Promise<EngineInfo> {
    const defaults = { width: SIDE, height: SIDE, steps: 4, guidance: 1 };
    const manifest = { name: 'noise', defaults, files: {} } as unknown as PackManifest;
    return {
      manifest,
      size: { width: SIDE, height: SIDE },
      backend: 'wasm',
      precision: 'f32',
      device: 'noise',
      threads: 1,
      notices: [],
    };
  }

  onNotice(): void {}
  async setReferences(): Promise<void> {}
  async cancel(): Promise<void> {}
  async dispose(): Promise<void> {}

  async info(): Promise<EngineInfo> {
    return this.load();
  }

  async renderFrame(_: Pose, { width, height }: RenderOptions, index = 0): Promise<RenderedFrame> {
    this.painted++;
    const pixels = new ImageData(width, height);
    crypto.getRandomValues(new Uint8Array(pixels.data.buffer, 0, 65_536));
    const image = await createImageBitmap(pixels);
    return { index, image, timings: { denoiseMs: 0, decodeMs: 0, retouchMs: 0 } };
  }

  async animate(
    poses: readonly Pose[],
    options: RenderOptions,
    onFrame: (frame: RenderedFrame) => Promise<void> | void,
  ): Promise<number> {
    for (const [index, pose] of poses.entries()) await onFrame(await this.renderFrame(pose, options, index));
    return poses.length;
  }
}

const engine = new NoiseEngine();
const outline = async () => [];
const studio = createStudio({
  engine,
  pose: { find: async () => [], outline, follow: async () => [], forget: async () => undefined },
  store: new Store(privateFolder('bench'), new OwnLocks()),
});

async function person(): Promise<Person> {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  canvas.getContext('2d')?.fillRect(60, 20, 120, 220);
  const file = await canvas.convertToBlob({ type: 'image/png' });
  return studio.person(file, { name: 'figure.png', known: [standing({ size: SIDE })] });
}

function dance(frames: number): Dance {
  const times = Array.from({ length: frames }, (_, i) => i / FRAME_RATE);
  const sightings = times.map((time, i) => ({
    time,
    people: [standing({ size: 512, shift: 0.1 * Math.sin(i / 9), raise: 0.3 * Math.abs(Math.sin(i / 5)) })],
  }));
  const part = { start: 0, end: frames / FRAME_RATE };
  const file = new Blob(['no clip']);
  const seen = { trim: part, watched: part, sightings, pointed: null };
  return {
    clip: { id: 'dance', name: 'dance.mp4', file, frameRate: FRAME_RATE, hasSound: false, ...seen },
    poses: null,
  };
}

const signal = new AbortController().signal;
const settingsOf = (change: Partial<Settings>): Settings => ({
  ...DEFAULT_SETTINGS,
  frameRate: FRAME_RATE,
  ...change,
});

async function film(frames: number, change: Partial<Settings> = {}): Promise<Reel> {
  const pack = await studio.pack('noise', { kind: 'url', url: 'noise' }, {});
  const plan = { photos: [await person()], dance: dance(frames), settings: settingsOf(change), pack };
  const reel = await studio.film(plan);
  await studio.keep(reel, plan);
  for await (const _ of reel.paint({ signal, load: {} }));
  for (const { image } of plan.photos) image.close();
  return reel;
}

const quantile = (values: number[], share: number) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

export const bench = {
  /** Frames painted anew after the background of a film was changed to each of the others, and all was shown. */
  async repainted(frames: number): Promise<number> {
    (await film(frames)).close();
    const before = engine.painted;
    for (const background of ['still', 'plain', 'none', 'photo'] as const) {
      const settings = settingsOf({ background });
      const reel = await film(frames, { background, visibleMark: background === 'still' });
      for (const index of reel.ready()) await reel.picture(index, viewOf(settings));
      reel.close();
    }
    return engine.painted - before;
  },

  /** Frames over the decodings that it took to loop through them, asked for as a player asks: this one and the next. */
  async keptOfDecoded(frames: number, rounds: number): Promise<number> {
    const reel = await film(frames);
    const decode = globalThis.createImageBitmap;
    let decoded = 0;
    globalThis.createImageBitmap = ((...args: Parameters<typeof decode>) => {
      decoded++;
      return decode(...args);
    }) as typeof decode;
    const view = viewOf(settingsOf({}));
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < frames; index++) {
        const next = (index + 1) % frames;
        await Promise.all([reel.picture(index, view), reel.picture(next, view), reel.picture(index, view)]);
      }
    }
    globalThis.createImageBitmap = decode;
    reel.close();
    return frames / decoded;
  },

  /** Makes a film, plays it, saves nothing and lets it be; each of another seed. */
  async makeAndLeave(frames: number, seed: number): Promise<void> {
    const reel = await film(frames, { seed });
    const view = viewOf(settingsOf({ background: 'still' }));
    for (const index of reel.ready()) await reel.picture(index, view);
    reel.close();
  },

  /** How long the page stands still for each move of a joint, and once when it is let go. */
  async drag(poses: number, moves: number): Promise<{ moveMs95: number; restMs: number }> {
    const { planner } = studio;
    const [settings, long] = [settingsOf({}), dance(poses)];
    const pose = standing({ size: SIDE });
    const size = { width: SIDE, height: SIDE };
    const motion = planner.motion(pose, long, settings, size);
    const moved = (by: number): Pose => {
      const joints = Float32Array.from(motion?.referencePose.joints ?? pose.joints);
      joints[4 * 3] = (joints[4 * 3] ?? 0) + by;
      return { ...size, joints };
    };
    const times: number[] = [];
    for (let move = 0; move < moves; move++) {
      const began = performance.now();
      planner.glimpse(moved(move / 4), long, settings, (move % poses) / FRAME_RATE);
      times.push(performance.now() - began);
    }
    const began = performance.now();
    planner.motion(moved(moves / 4), long, settings, size);
    return { moveMs95: quantile(times, 0.95), restMs: performance.now() - began };
  },
};

declare global {
  interface Window {
    studioBench: typeof bench;
  }
}
window.studioBench = bench;
