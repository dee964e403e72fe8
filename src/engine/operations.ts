import { compose } from '../layers/compose.ts';
import type { Planes } from '../layers/planes.ts';
import { warp } from '../layers/warp.ts';
import { applyUpdate } from '../scd/update.ts';
import { countOf } from './device.ts';

/** Values on the processor's side. */
export interface HostValues {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

/** Computes all values of a result of this shape. */
type Operation = (
  inputs: readonly HostValues[],
  shape: readonly number[],
  parameters: readonly number[],
) => Float32Array<ArrayBuffer>;

/**
 * What is done with whole tensors between two networks, as the processor does it. On WebGPU each is the shader of the
 * same name in shaders/, with the same inputs, and the parameters in the same order in its uniform block.
 */
export const OPERATIONS = {
  /** One DDIM update: sample, prediction, noise; the ten numbers of StepCoefficients. Without noise any tensor will do. */
  update([sample, prediction, noise], _, parameters) {
    const [x0Sample, x0Prediction, x0Divisor, eSample, ePrediction, eDivisor, a, b, c, clip] = parameters as [
      ...[number, number, number, number, number, number, number, number, number, number],
    ];
    const by = { x0Sample, x0Prediction, x0Divisor, eSample, ePrediction, eDivisor, a, b, c, clip };
    return applyUpdate(by, dataOf(sample), dataOf(prediction), dataOf(noise));
  },

  /** a * x + b * y. */
  mix([x, y], _, [a = 0, b = 0]) {
    const others = dataOf(y);
    return dataOf(x).map((value, i) => a * value + b * (others[i] as number));
  },

  /** mask * x + (1 - mask) * y; the mask has as many channels as they, or one for all. */
  blend([mask, x, y]) {
    const [shares, others] = [dataOf(mask), dataOf(y)];
    return dataOf(x).map((value, i) => {
      const share = shares[i % shares.length] as number;
      return share * value + (1 - share) * (others[i] as number);
    });
  },

  /** Columns of two pictures that lie side by side, from `first` on. */
  columns([left, right], shape, [, first = 0]) {
    const [width = 1, leftWidth = 1, rightWidth = 1] = [shape, left?.shape, right?.shape].map((of) =>
      of?.at(-1),
    );
    const result = new Float32Array(countOf(shape));
    for (let i = 0; i < result.length; i++) {
      const row = Math.floor(i / width);
      const column = first + (i % width);
      result[i] =
        column < leftWidth
          ? (dataOf(left)[row * leftWidth + column] as number)
          : (dataOf(right)[row * rightWidth + column - leftWidth] as number);
    }
    return result;
  },

  /**
   * A picture, [1, channels, height, width], read through a flow, [1, 2, h, w], which says for every value of the result
   * where it lies in the picture: across and down, in shares of its width and height. Between pixels' middles values
   * are mixed; outside, the picture's edge goes on. (PyTorch: grid_sample of 2 * flow - 1, 'border', no aligned corners.)
   */
  warp: ([picture, flow]) => warp(planesOf(picture), planesOf(flow)).data,

  /**
   * A frame put together (see layers/compose.ts): the layers, the person and the matte, the plate, and a painted frame, or
   * any tensor where there is none. Parameters: height and width of the plate, the layers, the person and the frame; 0
   * for no frame.
   */
  compose([layers, person, plate, frame], _, parameters) {
    const parts = { layers: planesOf(layers), person: planesOf(person), plate: planesOf(plate) };
    return compose({ ...parts, frame: parameters[6] === 0 ? undefined : planesOf(frame) }).data;
  },
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

const dataOf = (values: HostValues | undefined): Float32Array<ArrayBuffer> => {
  if (values === undefined) throw new Error('An operation lacks an input.');
  return values.data;
};

const planesOf = (values: HostValues | undefined): Planes => {
  const [, channels = 1, height = 1, width = 1] = values?.shape ?? [];
  return { channels, height, width, data: dataOf(values) };
};
