import { TensorRangeError } from './errors.ts';
import { narrowToHalves, widenHalves } from './float.ts';
import type { WeightSpec } from './trace.ts';

/** Weights in 8 bits: whole numbers from -127 to 127, and a scale for each channel that a matrix or convolution makes. */

/**
 * Smaller tensors stay floats: they weigh little, and among them are the first and the last convolution, where an error
 * shows most.
 */
const SMALLEST = 2 ** 15;
const MOST = 127;
const LARGEST_HALF = 65504;
/** The smallest half that is not zero. */
const LEAST_HALF = 2 ** -24;

export function isQuantizable({ shape, transposed }: WeightSpec): boolean {
  const count = shape.reduce((product, dim) => product * dim, 1);
  const isMatrix = transposed || shape.length === 4;
  // Graphics devices read them four at a time.
  return isMatrix && count >= SMALLEST && count % 4 === 0;
}

export const scaleName = (weight: string): string => `${weight}_scale`;

/** The dimension in the graph that the scales belong to: what a matrix or a convolution makes. */
export const scaleAxis = ({ transposed }: WeightSpec): number => (transposed ? 1 : 0);

export interface Quantized {
  readonly values: Int8Array<ArrayBuffer>;
  /** As halves. */
  readonly scales: Uint16Array<ArrayBuffer>;
}

/** Row by row, as a checkpoint holds them: what one channel is summed from lies together. */
export function quantize(floats: Float32Array, rows: number, name: string): Quantized {
  const columns = floats.length / rows;
  const largest = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let most = 0;
    for (let at = row * columns; at < (row + 1) * columns; at++) {
      const size = Math.abs(floats[at] as number);
      if (!(size <= LARGEST_HALF)) throw new TensorRangeError(name);
      if (size > most) most = size;
    }
    largest[row] = Math.max(most / MOST, LEAST_HALF);
  }
  const scales = narrowToHalves(largest);
  // By the scales as they are stored, so that their rounding costs nothing.
  const steps = widenHalves(scales);
  const values = new Int8Array(floats.length);
  for (let row = 0; row < rows; row++) {
    const step = steps[row] as number;
    for (let at = row * columns; at < (row + 1) * columns; at++) {
      const value = Math.round((floats[at] as number) / step);
      values[at] = Math.max(-MOST, Math.min(MOST, value));
    }
  }
  return { values, scales };
}
