import type { Pack, PartFiles } from '../../pack/manifest.ts';
import { weightsName } from '../read-part.ts';
import type { WebGpuContext } from './context.ts';
import { exclusively } from './runtime.ts';
import { GpuSession } from './session.ts';
import type { GpuTensor, Place } from './tensors.ts';
import { readDevicePart } from './weights.ts';

/** Reads one part of a pack and compiles it; its weights are let go before the next one is read. */
export async function createSession(
  context: WebGpuContext,
  pack: Pack,
  files: PartFiles,
  dimensions: (name: string) => number,
  signal?: AbortSignal,
): Promise<GpuSession> {
  signal?.throwIfAborted();
  const { runtime, gpu, tensors } = context;
  return exclusively(() =>
    GpuSession.create(runtime, gpu, {
      name: files.graph,
      read: () => readDevicePart(pack, files, tensors.element, signal),
      weightsPath: weightsName(files),
      dimensions,
    }),
  );
}

/**
 * Sizes behind the graphs' symbolic dimensions: `height` is that of the graph's own picture, `height_2` that of the
 * level below it, `tokens_2` the number of its pixels.
 */
export function pictureDimensions(
  height: number,
  width: number,
  others: Readonly<Record<string, number>> = {},
): (name: string) => number {
  return (name) => {
    const known = others[name];
    if (known !== undefined) return known;
    const [kind, shrunk = '1'] = name.split('_');
    const at = (size: number) => Math.ceil(size / Number(shrunk));
    if (kind === 'batch') return 1;
    if (kind === 'height') return at(height);
    if (kind === 'width') return at(width);
    if (kind === 'tokens') return at(height) * at(width);
    throw new Error(`A graph has a dimension ${name} that the engine does not know.`);
  };
}

/** Inputs that stay the same in all runs, by name. */
export type Constants = Readonly<
  Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>
>;

/** A network of one graph and one output: the pose encoder, a half of the autoencoder, or the retoucher. */
export class Stage {
  readonly #context: WebGpuContext;
  readonly #session: GpuSession;
  readonly #inputs: ReadonlyMap<string, Place>;
  readonly #constants: Place[] = [];

  private constructor(context: WebGpuContext, session: GpuSession, constants: Constants) {
    this.#context = context;
    this.#session = session;
    const changing = [...session.inputs].filter(([name]) => constants[name] === undefined);
    this.#inputs = new Map(changing.map(([name, { shape }]) => [name, context.tensors.place(shape)]));
    session.bind(new Map([...this.#inputs, ...this.#placesOf(constants)]));
  }

  #placesOf(constants: Constants): [string, Place][] {
    const { gpu, tensors } = this.#context;
    const encoder = gpu.createCommandEncoder();
    const uploads: GpuTensor[] = [];
    const places = Object.entries(constants).map(([name, { data, shape }]): [string, Place] => {
      const upload = tensors.upload(data, shape);
      const place = tensors.place(shape);
      tensors.toNetwork(encoder, `The ${name}`, upload, place);
      uploads.push(upload);
      this.#constants.push(place);
      return [name, place];
    });
    gpu.queue.submit([encoder.finish()]);
    for (const upload of uploads) upload.dispose();
    return places;
  }

  static async create(
    context: WebGpuContext,
    pack: Pack,
    files: PartFiles,
    size: { readonly width: number; readonly height: number },
    signal?: AbortSignal,
    constants: Constants = {},
  ): Promise<Stage> {
    const dimensions = pictureDimensions(size.height, size.width);
    const session = await createSession(context, pack, files, dimensions, signal);
    return new Stage(context, session, constants);
  }

  /** Takes what it needs from `values`, by name. */
  run(values: Readonly<Record<string, GpuTensor>>): Promise<GpuTensor> {
    const { gpu, tensors } = this.#context;
    return exclusively(async () => {
      const before = gpu.createCommandEncoder();
      for (const [name, place] of this.#inputs) {
        const value = values[name];
        if (value === undefined) throw new Error(`A stage lacks its input ${name}.`);
        tensors.toNetwork(before, `The ${name}`, value, place);
      }
      gpu.queue.submit([before.finish()]);
      const [output] = (await this.#session.run()).values();
      if (output === undefined) throw new Error('A stage has one output.');
      const after = gpu.createCommandEncoder();
      const result = tensors.fromNetwork(after, output);
      gpu.queue.submit([after.finish()]);
      return result;
    });
  }

  dispose(): void {
    this.#session.dispose();
    for (const place of [...this.#inputs.values(), ...this.#constants]) this.#context.tensors.release(place);
  }
}
