import type { Tensor } from '../backend.ts';
import { DeviceLostError, WrongShapeError } from '../errors.ts';
import type { Element } from './attention.ts';
import type { Buffers } from './buffers.ts';
import type { Kernels } from './kernels.ts';
import { readBack } from './read-back.ts';

/** A tensor's place on the device, in the element type that the networks compute in. */
export interface Place {
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
}

/**
 * Values between two networks: f32 whatever the networks compute in, so that eight steps do not add up eight roundings
 * to f16.
 */
export class GpuTensor implements Tensor {
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
  readonly #buffers: Buffers;
  #isHeld = true;

  constructor(buffers: Buffers, shape: readonly number[]) {
    this.#buffers = buffers;
    this.buffer = buffers.take(4 * countOf(shape));
    this.shape = shape;
  }

  dispose(): void {
    // Giving a buffer back twice would hand it to two tensors.
    if (this.#isHeld) this.#buffers.give(this.buffer);
    this.#isHeld = false;
  }
}

/** Makes tensors, and carries them into and out of the networks' own places. */
export class Tensors {
  readonly #gpu: GPUDevice;
  readonly #buffers: Buffers;
  readonly #kernels: Kernels;
  readonly element: Element;

  constructor(gpu: GPUDevice, buffers: Buffers, kernels: Kernels, element: Element) {
    this.#gpu = gpu;
    this.#buffers = buffers;
    this.#kernels = kernels;
    this.element = element;
  }

  make(shape: readonly number[]): GpuTensor {
    return new GpuTensor(this.#buffers, shape);
  }

  upload(values: Float32Array, shape: readonly number[]): GpuTensor {
    if (values.length !== countOf(shape)) {
      throw new WrongShapeError('An uploaded tensor', shape, [values.length]);
    }
    const tensor = this.make(shape);
    this.#gpu.queue.writeBuffer(tensor.buffer, 0, values as Float32Array<ArrayBuffer>);
    return tensor;
  }

  async download(buffer: GPUBuffer): Promise<ArrayBuffer> {
    try {
      return await readBack(this.#gpu, buffer);
    } catch (error) {
      // A readback is where a lost device is noticed: everything before it is accepted in silence.
      throw new DeviceLostError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  /** A place for a network's input, which stays where it is for all runs. */
  place(shape: readonly number[]): Place {
    return { buffer: this.#buffers.take(this.bytesOf(shape)), shape };
  }

  release({ buffer }: Place): void {
    this.#buffers.give(buffer);
  }

  bytesOf(shape: readonly number[]): number {
    return countOf(shape) * (this.element === 'f16' ? 2 : 4);
  }

  toNetwork(encoder: GPUCommandEncoder, what: string, tensor: GpuTensor, place: Place): void {
    if (tensor.shape.join() !== place.shape.join())
      throw new WrongShapeError(what, place.shape, tensor.shape);
    const { toHalf } = this.#kernels;
    if (toHalf === undefined) {
      encoder.copyBufferToBuffer(tensor.buffer, 0, place.buffer, 0, 4 * countOf(place.shape));
    } else {
      toHalf.encode(encoder, countOf(place.shape), [tensor.buffer, place.buffer]);
    }
  }

  /** A network's output is overwritten by its next run, so it is copied out. */
  fromNetwork(encoder: GPUCommandEncoder, place: Place): GpuTensor {
    const tensor = this.make(place.shape);
    const { toFloat } = this.#kernels;
    if (toFloat === undefined) {
      encoder.copyBufferToBuffer(place.buffer, 0, tensor.buffer, 0, 4 * countOf(place.shape));
    } else {
      toFloat.encode(encoder, countOf(place.shape), [place.buffer, tensor.buffer]);
    }
    return tensor;
  }
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
