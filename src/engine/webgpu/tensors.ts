import type { Tensor } from '../backend.ts';
import { countOf, type Place } from '../device.ts';
import type { Buffers } from './buffers.ts';

/** A place in the element type that the networks compute in. */
export interface GpuPlace extends Place {
  readonly buffer: GPUBuffer;
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
