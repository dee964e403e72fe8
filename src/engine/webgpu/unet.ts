import { narrowToHalves } from '../../onnx/float.ts';
import type { Pack } from '../../pack/manifest.ts';
import type { Memory } from '../backend.ts';
import { DeviceLimitError, NetworkError } from '../errors.ts';
import type { AttentionDispatch, AttentionKernel } from './attention.ts';
import type { WebGpuContext } from './context.ts';
import { exclusively } from './runtime.ts';
import type { GpuSession } from './session.ts';
import { createSession, pictureDimensions } from './stage.ts';
import type { GpuTensor, Place } from './tensors.ts';

/** The shape that a U-Net is compiled for. */
export interface UNetSize {
  readonly height: number;
  readonly width: number;
  readonly contextTokens: number;
}

export interface UNetInputs {
  readonly sample: GpuTensor;
  /** null: zeros. */
  readonly pose: GpuTensor | null;
  readonly context: GpuTensor | null;
  readonly time: Float32Array;
}

/** Where two segments meet: one's q, k and v, and the other's input, with the attention kernel between them. */
interface Cut {
  readonly index: number;
  readonly heads: number;
  readonly kernel: AttentionKernel;
  readonly result: Place;
  /** Known from the first run on. */
  tokens?: { readonly q: Place; readonly k: Place; readonly v: Place };
  toItself?: AttentionDispatch;
}

interface KeysValues {
  readonly key: Place;
  readonly value: Place;
}

/** Keys and values of all cuts, one reference after another. */
export class GpuMemory implements Memory {
  readonly cuts: KeysValues[];
  /** The attentions bound to this memory, by the cut that runs them. */
  readonly dispatches = new Map<object, AttentionDispatch>();
  readonly #release: (place: Place) => void;

  constructor(cuts: KeysValues[], release: (place: Place) => void) {
    this.cuts = cuts;
    this.#release = release;
  }

  dispose(): void {
    for (const dispatch of this.dispatches.values()) dispatch.dispose();
    this.dispatches.clear();
    for (const { key, value } of this.cuts.splice(0)) {
      this.#release(key);
      this.#release(value);
    }
  }
}

/** Room for the keys and values of so many references at one cut. */
export function memoryPlaces(
  { tensors, gpu }: WebGpuContext,
  [batch = 1, tokens = 0, width = 0]: readonly number[],
  references: number,
): KeysValues {
  const all = [batch, tokens * references, width];
  const { maxStorageBufferBindingSize: most } = gpu.limits;
  if (tensors.bytesOf(all) > most) {
    throw new DeviceLimitError("the references' keys (in bytes)", tensors.bytesOf(all), most);
  }
  return { key: tensors.place(all), value: tensors.place(all) };
}

/**
 * The U-Net's segments with the attention kernel between them. Nothing waits: each segment, each attention and each copy
 * is submitted when the one before it is, and the queue keeps their order.
 */
export class SegmentedUNet {
  readonly #context: WebGpuContext;
  readonly #segments: readonly GpuSession[];
  readonly #cuts: readonly Cut[];
  /** Inputs and outputs of all segments, by the names that they share. */
  readonly #places = new Map<string, Place>();
  readonly #own: Place[] = [];

  private constructor(context: WebGpuContext, segments: readonly GpuSession[], cuts: readonly Cut[]) {
    this.#context = context;
    this.#segments = segments;
    this.#cuts = cuts;
    for (const { index, result } of cuts) this.#keep(`attention.${index}`, result);
    for (const segment of segments) {
      for (const name of ['sample', 'pose', 'context', 'time']) {
        const port = segment.inputs.get(name);
        if (port !== undefined && !this.#places.has(name)) {
          this.#keep(name, context.tensors.place(port.shape));
        }
      }
    }
  }

  static async create(
    context: WebGpuContext,
    pack: Pack,
    { height, width, contextTokens }: UNetSize,
    signal?: AbortSignal,
  ): Promise<SegmentedUNet> {
    const dimensions = pictureDimensions(height, width, { context_tokens: contextTokens });
    const segments: GpuSession[] = [];
    const cuts: Cut[] = [];
    try {
      for (const [index, files] of pack.manifest.unet.entries()) {
        const segment = await createSession(context, pack, files, dimensions, signal);
        segments.push(segment);
        const shape = segment.inputs.get(`attention.${index - 1}`)?.shape;
        const { heads, headSize } = pack.manifest.unet[index - 1]?.attention ?? {};
        if (shape === undefined || heads === undefined || headSize === undefined) continue;
        const result = context.tensors.place(shape);
        cuts.push({ index: index - 1, heads, kernel: await context.attention(headSize), result });
      }
    } catch (error) {
      for (const segment of segments) segment.dispose();
      for (const { result } of cuts) context.tensors.release(result);
      throw error;
    }
    return new SegmentedUNet(context, segments, cuts);
  }

  /** The prediction; each token attends to its own kind, and to the memory where there is one. */
  run(inputs: UNetInputs, memory?: GpuMemory): Promise<GpuTensor> {
    return exclusively(() => this.#run(inputs, (cut) => this.#seeing(cut, memory)));
  }

  /** Passes references through the network, each attending to itself, and keeps their keys and values. */
  remember(references: readonly UNetInputs[]): Promise<GpuMemory> {
    const { tensors } = this.#context;
    const kept = this.#cuts.map(({ result }) => memoryPlaces(this.#context, result.shape, references.length));
    const memory = new GpuMemory(kept, (place) => tensors.release(place));
    return exclusively(async () => {
      try {
        for (const [index, reference] of references.entries()) {
          const prediction = await this.#run(
            reference,
            (cut) => this.#seeing(cut),
            (encoder, cut) => this.#keepTokens(encoder, cut, memory, index),
          );
          prediction.dispose();
        }
        return memory;
      } catch (error) {
        memory.dispose();
        throw error;
      }
    });
  }

  dispose(): void {
    for (const segment of this.#segments) segment.dispose();
    for (const { toItself } of this.#cuts) toItself?.dispose();
    for (const place of this.#own) this.#context.tensors.release(place);
  }

  async #run(
    inputs: UNetInputs,
    attentionOf: (cut: Cut) => AttentionDispatch,
    afterwards?: (encoder: GPUCommandEncoder, cut: Cut) => void,
  ): Promise<GpuTensor> {
    const { gpu, tensors } = this.#context;
    this.#write(inputs);
    for (const [index, segment] of this.#segments.entries()) {
      if (!segment.isBound) segment.bind(this.#places);
      for (const [name, place] of await segment.run()) this.#places.set(name, place);
      const cut = this.#cuts[index];
      if (cut === undefined) continue;
      const [q, k, v] = ['q', 'k', 'v'].map((part) => this.#placeOf(`${part}.${index}`));
      cut.tokens ??= { q, k, v } as { q: Place; k: Place; v: Place };
      const encoder = gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      attentionOf(cut).encode(pass);
      pass.end();
      afterwards?.(encoder, cut);
      gpu.queue.submit([encoder.finish()]);
    }
    const encoder = gpu.createCommandEncoder();
    const prediction = tensors.fromNetwork(encoder, this.#placeOf('prediction'));
    gpu.queue.submit([encoder.finish()]);
    return prediction;
  }

  #write({ sample, pose, context, time }: UNetInputs): void {
    const { gpu, tensors } = this.#context;
    const encoder = gpu.createCommandEncoder();
    tensors.toNetwork(encoder, 'The sample', sample, this.#placeOf('sample'));
    const optional = { pose, context };
    for (const [name, tensor] of Object.entries(optional)) {
      const place = this.#places.get(name);
      if (place === undefined) continue;
      if (tensor === null) encoder.clearBuffer(place.buffer);
      else tensors.toNetwork(encoder, `The ${name}`, tensor, place);
    }
    const { buffer } = this.#placeOf('time');
    const values = tensors.element === 'f16' ? narrowToHalves(time) : (time as Float32Array<ArrayBuffer>);
    gpu.queue.writeBuffer(buffer, 0, values);
    gpu.queue.submit([encoder.finish()]);
  }

  #seeing(cut: Cut, memory?: GpuMemory): AttentionDispatch {
    if (memory === undefined) {
      cut.toItself ??= this.#bind(cut);
      return cut.toItself;
    }
    let dispatch = memory.dispatches.get(cut);
    if (dispatch === undefined) {
      dispatch = this.#bind(cut, memory.cuts[cut.index]);
      memory.dispatches.set(cut, dispatch);
    }
    return dispatch;
  }

  #bind(cut: Cut, kept?: KeysValues): AttentionDispatch {
    const { heads, kernel, result, tokens } = cut;
    if (tokens === undefined) throw new Error('A cut is bound before its first segment has run.');
    const [batch = 1, count = 0] = tokens.q.shape;
    return kernel.bind({
      query: tokens.q.buffer,
      key: tokens.k.buffer,
      value: tokens.v.buffer,
      result: result.buffer,
      batch,
      heads,
      queries: count,
      keys: count,
      ...(kept && {
        reference: { key: kept.key.buffer, value: kept.value.buffer, tokens: kept.key.shape[1] ?? 0 },
      }),
    });
  }

  #keepTokens(encoder: GPUCommandEncoder, cut: Cut, memory: GpuMemory, reference: number): void {
    const kept = memory.cuts[cut.index];
    if (cut.tokens === undefined || kept === undefined) return;
    const bytes = this.#context.tensors.bytesOf(cut.result.shape);
    encoder.copyBufferToBuffer(cut.tokens.k.buffer, 0, kept.key.buffer, reference * bytes, bytes);
    encoder.copyBufferToBuffer(cut.tokens.v.buffer, 0, kept.value.buffer, reference * bytes, bytes);
  }

  #keep(name: string, place: Place): void {
    this.#places.set(name, place);
    this.#own.push(place);
  }

  #placeOf(name: string): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new NetworkError(`looking for ${name}, which no segment makes`);
    return place;
  }
}
