import { relu } from '../layers.ts';
import { type SegmentPlan, Trace, type Value } from '../trace.ts';
import {
  averagePool,
  batchNorm,
  beside,
  convolve,
  cube,
  maxPool,
  meanOverPlaces,
  narrowed,
  samePads,
} from './layers.ts';

export interface I3dConfig {
  readonly divisor?: number;
  readonly frames: number;
  /** Frames that a mean takes together before the classifier: 1 in DisCo's evaluation, 2 in the original. */
  readonly pooled_frames: number;
}

export const I3D_SIZE = 224;
const CLASSES = 400;
const EPSILON = 1e-3;

/** Widths of a block: 1x1, then 3x3 twice with what comes before it, then the one behind the maximum. */
type Mixed = readonly [name: string, ...widths: [number, number, number, number, number, number]];

const STAGES: readonly {
  readonly halve: readonly [kernel: readonly number[], stride: readonly number[]];
  readonly blocks: readonly Mixed[];
}[] = [
  {
    halve: [
      [1, 3, 3],
      [1, 2, 2],
    ],
    blocks: [
      ['Mixed_3b', 64, 96, 128, 16, 32, 32],
      ['Mixed_3c', 128, 128, 192, 32, 96, 64],
    ],
  },
  {
    halve: [cube(3), cube(2)],
    blocks: [
      ['Mixed_4b', 192, 96, 208, 16, 48, 64],
      ['Mixed_4c', 160, 112, 224, 24, 64, 64],
      ['Mixed_4d', 128, 128, 256, 24, 64, 64],
      ['Mixed_4e', 112, 144, 288, 32, 64, 64],
      ['Mixed_4f', 256, 160, 320, 32, 128, 128],
    ],
  },
  {
    halve: [cube(2), cube(2)],
    blocks: [
      ['Mixed_5b', 256, 160, 320, 32, 128, 128],
      ['Mixed_5c', 384, 192, 384, 48, 128, 128],
    ],
  },
];

/**
 * I3D on RGB, trained on Kinetics-400, as the Fréchet video distance takes it: a `clip` of 224x224 in [-1, 1] to its
 * 400 `logits`, the mean over time.
 */
export function planI3d({ divisor, frames, pooled_frames: pooled }: I3dConfig): SegmentPlan {
  const trace = new Trace('I3D');
  const layer = (x: Value, name: string, out: number, size: number, step = 1): Value => {
    const window = { kernel: cube(size), stride: cube(step) };
    const shape = { ...window, pads: samePads(x, window), out: narrowed(out, divisor), bias: false };
    return relu(trace, batchNorm(trace, `${name}.bn`, convolve(trace, `${name}.conv3d`, x, shape), EPSILON));
  };
  const largest = (x: Value, kernel: readonly number[], stride: readonly number[]) =>
    maxPool(trace, x, { kernel, stride, pads: samePads(x, { kernel, stride }) });
  const mixed = (x: Value, [name, b0, b1a, b1b, b2a, b2b, b3b]: Mixed) =>
    beside(trace, [
      layer(x, `${name}.b0`, b0, 1),
      layer(layer(x, `${name}.b1a`, b1a, 1), `${name}.b1b`, b1b, 3),
      layer(layer(x, `${name}.b2a`, b2a, 1), `${name}.b2b`, b2b, 3),
      layer(largest(x, cube(3), cube(1)), `${name}.b3b`, b3b, 1),
    ]);

  let x = trace.input('clip', ['batch', 3, frames, I3D_SIZE, I3D_SIZE]);
  x = layer(x, 'Conv3d_1a_7x7', 64, 7, 2);
  x = largest(x, [1, 3, 3], [1, 2, 2]);
  x = layer(layer(x, 'Conv3d_2b_1x1', 64, 1), 'Conv3d_2c_3x3', 192, 3);
  for (const { halve, blocks } of STAGES) x = blocks.reduce(mixed, largest(x, ...halve));
  x = averagePool(trace, x, { kernel: [pooled, 7, 7] });
  x = convolve(trace, 'logits.conv3d', x, { out: narrowed(CLASSES, divisor), kernel: cube(1) });
  trace.output(meanOverPlaces(trace, x), 'logits');
  return trace.finish()[0] as SegmentPlan;
}
