/** A world for tests of the studio in Node: pictures without pixels, and an engine that writes down what it is asked. */
import { vi } from 'vitest';
import { MANIFEST } from '../../../tools/fake-engine.ts';
import type {
  EngineApi,
  EngineInfo,
  LoadOptions,
  Reference,
  RenderedFrame,
  RenderOptions,
} from '../../engine/api.ts';
import { CancelledError } from '../../errors.ts';
import { standing } from '../../live/testing/bodies.ts';
import type { PackManifest, PackSource } from '../../pack/manifest.ts';
import type { Pose } from '../../pose/index.ts';
import type { Dance, LoadedPack, Person, PoseFinder } from '../index.ts';

/** Pictures of these tests that are open. */
export const open = { bitmaps: 0, made: 0 };

class Bitmap {
  width: number;
  height: number;

  constructor({ width, height }: { width: number; height: number }) {
    this.width = width;
    this.height = height;
    open.bitmaps++;
    open.made++;
  }

  close(): void {
    if (this.width === 0) return;
    this.width = 0;
    this.height = 0;
    open.bitmaps--;
  }
}

export const bitmap = (size = { width: 256, height: 256 }): ImageBitmap =>
  new Bitmap(size) as unknown as ImageBitmap;

/** What draws nothing and knows its size. */
class Canvas {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}

  getContext() {
    const nothing = () => undefined;
    const calls = {
      drawImage: nothing,
      fillRect: nothing,
      beginPath: nothing,
      lineTo: nothing,
      stroke: nothing,
    };
    return {
      canvas: this,
      ...calls,
      closePath: nothing,
      fill: nothing,
      putImageData: nothing,
      clearRect: nothing,
    };
  }

  convertToBlob = async () => new Blob(['picture']);
  transferToImageBitmap = () => bitmap(this);
}

/** Gives Node what the studio draws with. */
export function pretendPictures(): void {
  open.bitmaps = 0;
  open.made = 0;
  vi.stubGlobal('OffscreenCanvas', Canvas);
  vi.stubGlobal('createImageBitmap', async (source: { width?: number; height?: number }) =>
    bitmap({ width: source.width ?? 256, height: source.height ?? 256 }),
  );
}

export const manifestNamed = (name: string, change: Partial<PackManifest> = {}): PackManifest => ({
  ...MANIFEST,
  name,
  defaults: { ...MANIFEST.defaults, width: 256, height: 256 },
  ...change,
});

/** Lets everything that is ready to run do so. */
export const settle = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

/** An engine that writes down what it is asked, and waits where a test says so. */
export class ScriptedEngine implements EngineApi {
  readonly calls: string[] = [];
  readonly manifests = new Map<string, PackManifest>();
  /** Whether its models join frames. */
  joinsFrames = false;
  readonly firstFrames: (number | undefined)[] = [];
  frames = 0;
  /** Called before each step; a promise holds it up. */
  before: { load?: () => unknown; references?: () => unknown; frame?: (index: number) => unknown } = {};
  #cancel: (() => void) | null = null;
  #info: EngineInfo | undefined;

  async load(source: PackSource, _: LoadOptions): Promise<EngineInfo> {
    const name = source.kind === 'url' ? source.url : source.kind;
    this.calls.push(`load ${name}`);
    await this.#stoppable(async () => this.before.load?.());
    const manifest = this.manifests.get(name) ?? manifestNamed(name);
    const { width, height } = manifest.defaults;
    const size = { width, height };
    const rest = {
      size,
      backend: 'wasm',
      precision: 'f32',
      device: 'a script',
      threads: 1,
      notices: [],
    } as const;
    this.#info = { manifest, ...rest, ...(this.joinsFrames && { joinsFrames: true as const }) };
    return this.#info;
  }

  onNotice(): void {}

  async setReferences(references: readonly Reference[]): Promise<void> {
    this.calls.push(`references ${references.length}`);
    await this.before.references?.();
  }

  async renderFrame(): Promise<RenderedFrame> {
    throw new Error('Not asked in these tests.');
  }

  async animate(
    poses: readonly Pose[],
    { firstFrame }: RenderOptions,
    onFrame: (frame: RenderedFrame) => Promise<void> | void,
  ): Promise<number> {
    this.calls.push(`animate ${poses.length}`);
    this.firstFrames.push(firstFrame);
    await this.#stoppable(async (isStopped) => {
      for (let index = 0; index < poses.length; index++) {
        await this.before.frame?.(index);
        await settle();
        if (isStopped()) return;
        this.frames++;
        await onFrame({ index, image: bitmap(), timings: { denoiseMs: 1, decodeMs: 1, retouchMs: 0 } });
      }
    });
    return poses.length;
  }

  async cancel(): Promise<void> {
    this.calls.push('cancel');
    this.#cancel?.();
  }

  async info(): Promise<EngineInfo | undefined> {
    return this.#info;
  }

  async dispose(): Promise<void> {}

  #stoppable(work: (isStopped: () => boolean) => Promise<unknown>): Promise<unknown> {
    let stopped = false;
    return new Promise((resolve, reject) => {
      this.#cancel = () => {
        stopped = true;
        reject(new CancelledError());
      };
      work(() => stopped).then(resolve, reject);
    });
  }
}

export const noPose: PoseFinder = {
  find: async () => [],
  outline: async () => [],
  follow: async () => [],
  forget: async () => undefined,
};

export function person(id = 'mira'): Person {
  const pose = standing({ size: 256 });
  const picture = { id, name: `${id}.png`, file: new Blob([id]), image: bitmap() };
  return { ...picture, people: [pose], person: 0, pose, corrected: false, notes: [] };
}

/** A dance of so many frames, 25 a second; each of another pose. */
export function dance(frames = 4, id = 'salsa'): Dance {
  const times = Array.from({ length: frames }, (_, i) => i / 25);
  const sightings = times.map((time, i) => ({ time, people: [standing({ size: 256, raise: i / 40 })] }));
  const part = { start: 0, end: frames / 25 };
  return {
    clip: {
      ...{ id, name: `${id}.mp4`, file: new Blob([id]), frameRate: 25, hasSound: true },
      ...{ trim: part, watched: part, sightings, pointed: null },
    },
    poses: null,
  };
}

export type Plan = { photos: Person[]; dance: Dance; pack: LoadedPack };

/** In place of the media room, whose decoders are the browser's. */
export const noMedia = {
  media: async () => ({ openPhoto: async () => ({ image: bitmap(), notes: [] }) }),
};
