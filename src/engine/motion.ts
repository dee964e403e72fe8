import { isTemporalAttention, type MotionConfig } from '../onnx/configs.ts';
import { MOVED, type MotionModule, planMotion } from '../onnx/motion.ts';
import { temporalBias } from '../onnx/temporal-attention.ts';
import type { Pack, PackManifest, PartFiles } from '../pack/manifest.ts';
import { countOf, type Device, type Part, type Place } from './device.ts';
import { NetworkError } from './errors.ts';

/** What a module's widest value may take, in elements: larger pictures go through in runs of tokens. */
const MOST_VALUES = 2 ** 24;
/** What a module takes beside the frames, in elements: its widest value and some narrower ones. */
export const MODULE_VALUES = 3 * MOST_VALUES;
/** A feed-forward layer is eight times as wide as its tokens. */
const WIDEST = 8;

/** A pack's motion modules, in the order of its U-Net; none where it has none. */
export function motionModules({ configs: { motion } }: PackManifest): readonly MotionModule[] {
  return motion ? planMotion(motion).modules : [];
}

/** The most frames that a pack's motion modules see at once. */
export const maxFramesOf = (config: MotionConfig): number =>
  isTemporalAttention(config) ? config.max_frames : config.motion_max_seq_length;

/** A module ready for so many frames and tokens, with the places that its graph reads. */
interface Ready {
  readonly part: Part;
  readonly places: ReadonlyMap<string, Place>;
}

/** The motion modules of a pack on a device, for windows of one length. They are read when a window first asks for them. */
export class Motion {
  readonly #device: Device;
  readonly #pack: Pack;
  readonly #modules: readonly MotionModule[];
  readonly #files: readonly PartFiles[];
  readonly #frames: number;
  readonly #ready = new Map<string, Promise<Ready>>();

  constructor(device: Device, pack: Pack, frames: number) {
    this.#device = device;
    this.#pack = pack;
    this.#modules = motionModules(pack.manifest);
    this.#files = pack.manifest.motion ?? [];
    this.#frames = frames;
  }

  /** Puts what the module makes of the frames beside their values, or in the place of what it was made of. */
  async move(index: number, frames: readonly Map<string, Place>[]): Promise<void> {
    const device = this.#device;
    const { takes, measures, makes, channels } = this.#modules[index] as MotionModule;
    const frameValue = (f: number, name: string) => frames[f]?.get(name) as Place;
    const [tokens = 0] = Object.values(takes).map((name) => frameValue(0, name).shape[1] as number);
    const run = runLength(tokens, this.#frames * WIDEST * channels);
    const { part, places } = await this.#readyFor(index, run);
    for (const [input, name] of Object.entries(measures)) {
      for (const f of frames.keys()) device.copy(frameValue(f, name), places.get(input) as Place, f);
    }
    const [first = ''] = Object.values(takes);
    const moved = frames.map((_, f) => device.place(frameValue(f, first).shape));
    for (let start = 0; start < tokens; start += run) {
      for (const [input, name] of Object.entries(takes)) {
        const to = places.get(input) as Place;
        for (const f of frames.keys()) {
          const from = frameValue(f, name);
          const width = from.shape[2] as number;
          device.copyRange(from, start * width, to, f * run * width, run * width);
        }
      }
      const made = (await part.run()).get(MOVED);
      if (made === undefined) throw new NetworkError('looking for what a motion module makes');
      const width = made.shape[2] as number;
      for (const [f, to] of moved.entries())
        device.copyRange(made, f * run * width, to, start * width, run * width);
    }
    for (const [f, own] of frames.entries()) {
      const before = own.get(makes);
      if (before) device.release(before);
      own.set(makes, moved[f] as Place);
    }
  }

  dispose(): void {
    for (const ready of this.#ready.values()) {
      ready.then(
        ({ part, places }) => {
          part.dispose();
          for (const place of places.values()) this.#device.release(place);
        },
        () => undefined,
      );
    }
    this.#ready.clear();
  }

  #readyFor(index: number, tokens: number): Promise<Ready> {
    const kind = [index, tokens].join();
    const known = this.#ready.get(kind) ?? this.#prepare(index, tokens);
    this.#ready.set(kind, known);
    known.catch(() => this.#ready.delete(kind));
    return known;
  }

  async #prepare(index: number, tokens: number): Promise<Ready> {
    const device = this.#device;
    const frames = this.#frames;
    const sizes = (dimension: string) =>
      // A clip by itself has no past: one frame that is hidden stands for it.
      ({ frames, tokens, past: 1, seen: frames + 1 })[dimension] as number;
    const part = await device.compile(this.#pack, this.#files[index] as PartFiles, sizes);
    const places = new Map<string, Place>();
    for (const [name, shape] of part.inputs) {
      const room = device.place(shape);
      places.set(name, room);
      const values = this.#constant(name, shape);
      if (values) device.write(room, values);
    }
    part.bind(places);
    return { part, places };
  }

  /** What a window's place in time comes to, which is the same for all windows of a length. */
  #constant(name: string, shape: readonly number[]): Float32Array<ArrayBuffer> | undefined {
    const { motion } = this.#pack.manifest.configs;
    const numbers = [...Array(this.#frames).keys()];
    if (name === 'positions') {
      const [, most = 0] = shape;
      const rows = new Float32Array(countOf(shape));
      for (const f of numbers) rows[f * most + f] = 1;
      return rows;
    }
    if (name === 'bias' && motion && isTemporalAttention(motion))
      return temporalBias(motion.slopes, numbers, [null, ...numbers], false);
    return name.startsWith('past_') ? new Float32Array(countOf(shape)) : undefined;
  }
}

/** The most tokens that go through at a time, so that all runs are of one length. */
export function runLength(tokens: number, valuesOfToken: number, most = MOST_VALUES): number {
  for (let runs = Math.max(1, Math.ceil((tokens * valuesOfToken) / most)); runs < tokens; runs++) {
    if (tokens % runs === 0) return tokens / runs;
  }
  return 1;
}
