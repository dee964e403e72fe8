import { add, relu } from '../layers.ts';
import { type SegmentPlan, Trace, type Value } from '../trace.ts';
import { around, batchNorm, convolve, cube, maxPool, meanOverPlaces, narrowed } from './layers.ts';

export interface Resnet3dConfig {
  readonly divisor?: number;
  readonly frames: number;
  /** Blocks of each stage. */
  readonly layers: readonly number[];
}

export const RESNET3D_SIZE = 112;
const EPSILON = 1e-5;
/** A block makes so many times the channels that it works with. */
const EXPANSION = 4;

/**
 * 3D ResNet-50, trained on Kinetics (Hara et al. 2018), as the evaluation of DisCo takes it for FID-VID: a `clip` of
 * 112x112, 0..255 less the mean colour, to its 2,048 `features` before the classifier.
 */
export function planResnet3d({ divisor, frames, layers }: Resnet3dConfig): SegmentPlan {
  const trace = new Trace('3D ResNet');
  const layer = (
    x: Value,
    conv: string,
    norm: string,
    out: number,
    size: number,
    stride: readonly number[],
  ): Value => {
    const shape = { out, kernel: cube(size), stride, pads: around(cube((size - 1) / 2)), bias: false };
    return batchNorm(trace, norm, convolve(trace, conv, x, shape), EPSILON);
  };
  const block = (x: Value, name: string, width: number, step: number): Value => {
    const inner = relu(trace, layer(x, `${name}.conv1`, `${name}.bn1`, width, 1, cube(1)));
    const moved = relu(trace, layer(inner, `${name}.conv2`, `${name}.bn2`, width, 3, cube(step)));
    const out = layer(moved, `${name}.conv3`, `${name}.bn3`, width * EXPANSION, 1, cube(1));
    const changes = step !== 1 || x.shape[1] !== out.shape[1];
    const kept = changes
      ? layer(x, `${name}.downsample.0`, `${name}.downsample.1`, width * EXPANSION, 1, cube(step))
      : x;
    return relu(trace, add(trace, out, kept));
  };

  const clip = trace.input('clip', ['batch', 3, frames, RESNET3D_SIZE, RESNET3D_SIZE]);
  let x = relu(trace, layer(clip, 'conv1', 'bn1', narrowed(64, divisor), 7, [1, 2, 2]));
  x = maxPool(trace, x, { kernel: cube(3), stride: cube(2), pads: around(cube(1)) });
  layers.forEach((count, stage) => {
    const width = narrowed(64 * 2 ** stage, divisor);
    for (let i = 0; i < count; i++)
      x = block(x, `layer${stage + 1}.${i}`, width, i === 0 && stage > 0 ? 2 : 1);
  });
  trace.output(meanOverPlaces(trace, x), 'features');
  return trace.finish()[0] as SegmentPlan;
}
