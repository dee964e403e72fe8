import type { Pack, PartFiles } from '../pack/manifest.ts';
import type { BackendKind } from './api.ts';
import type { Tensor } from './backend.ts';
import type { OperationName } from './operations.ts';

/**
 * What the networks need of a machine that computes. Two of them exist: ONNX Runtime's WebGPU kernels with ours between
 * them, and its wasm kernels. Everything that is built from these calls (executor.ts, networks.ts) is written once.
 *
 * There are two kinds of values. A Tensor is f32, never changes, and is its holder's to dispose. A Place stays where it is,
 * in the type that the networks compute in, and holds whatever was last put there: graphs are bound to places once, and
 * run over and over. On WebGPU nothing here waits for the device but `download`, `pixels`, `image` and `settle`.
 */
export interface Device {
  readonly kind: BackendKind;
  readonly precision: 'f16' | 'f32';
  /** The adapter's name, or the processor in words. */
  readonly name: string;
  readonly threads: number;
  /** The most bytes that the device binds as one, where it says so. */
  readonly largestTensor?: number;
  /** Resolves when the device is lost, with the reason; never for a device that cannot be lost. */
  readonly lost: Promise<string>;

  /** Reads a part of a pack, and makes it ready to run at these sizes; its weights are let go with it. */
  compile(
    pack: Pack,
    files: PartFiles,
    sizes: (dimension: string) => number,
    signal?: AbortSignal,
  ): Promise<Part>;
  /** The attention of so many heads, checked on this device. */
  attention(heads: number, headSize: number): Promise<AttentionKernel>;
  /** Several at a time, in order. */
  attend(attentions: readonly BoundAttention[]): Promise<void>;

  /** Room for values; whatever was there before is in it. Throws when the device cannot bind as much. */
  place(shape: readonly number[]): Place;
  release(place: Place): void;
  /** Gives back to the machine what nobody holds. */
  trim(): void;
  /** Puts tensors into places: members of a batch one after another, zeros for null. */
  fill(places: readonly (readonly [Place, readonly (Tensor | null)[]])[]): void;
  /** Puts numbers into a place. */
  write(place: Place, values: Float32Array): void;
  /** What a place holds, one tensor for each member of its batch. */
  take(place: Place): Tensor[];
  /** All of one place to behind `index` others like it in another. */
  copy(from: Place, to: Place, index?: number): void;
  /** So many values of one place, from a first one on, to another place from there on. */
  copyRange(from: Place, first: number, to: Place, at: number, count: number): void;
  /** Looks for what is not a number; `pixels` tells of it. */
  watch(place: Place): void;
  /** Reads a picture through a flow (see operations.ts), from places to a place. */
  warp(picture: Place, flow: Place, result: Place): void;

  /** The same device computing in f32, with tensors in common: for what halves are too coarse for. */
  inFloats(): Promise<Device>;

  upload(values: Float32Array, shape: readonly number[]): Tensor;
  /** Waits for the device. */
  download(tensor: Tensor): Promise<Float32Array>;
  /** One of the operations on whole tensors. */
  compute(
    operation: OperationName,
    inputs: readonly Tensor[],
    shape: readonly number[],
    parameters: readonly number[],
  ): Tensor;

  /**
   * RGBA bytes of a decoded picture, [1, 3, height, width]. Rejects with NotFiniteError where it is not all numbers, or where
   * a watched place or an update has met what is none since the last picture: decoders make a picture of anything.
   */
  pixels(picture: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>>;
  /** When all that was asked for until now is done. What went wrong is told by the next `settle`, picture or download. */
  done(): Promise<void>;
  /** Waits until all that was asked for is done, and throws what went wrong on the way. `doing` is for the message. */
  settle(doing: string): Promise<void>;
  dispose(): void;
}

/** Where values lie that graphs read and write. */
export interface Place {
  readonly shape: readonly number[];
}

/** A compiled graph. */
export interface Part {
  /** Shapes of its inputs, by name. */
  readonly inputs: ReadonlyMap<string, readonly number[]>;
  /** Names of its outputs. */
  readonly outputs: readonly string[];
  /** Says where its inputs will lie in every run. */
  bind(places: ReadonlyMap<string, Place>): void;
  /** Its outputs, by name: the same places after every run, whose values the next run overwrites. */
  run(): Promise<ReadonlyMap<string, Place>>;
  dispose(): void;
}

/** The self-attention of `count` members of a batch, from `first` on. All tensors are [batch, tokens, width]. */
export interface AttentionCall {
  readonly query: Place;
  readonly key: Place;
  readonly value: Place;
  readonly result: Place;
  readonly first: number;
  readonly count: number;
  /** Keys and values, [1, tokens, width], that each of these members sees beside its own. */
  readonly reference?: KeysValues | undefined;
}

export interface KeysValues {
  readonly key: Place;
  readonly value: Place;
}

export interface AttentionKernel {
  bind(call: AttentionCall): BoundAttention;
}

/** One attention over fixed places. */
export interface BoundAttention {
  dispose(): void;
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
