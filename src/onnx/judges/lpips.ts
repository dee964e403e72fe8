import type { Dimension } from '../model.ts';
import { type SegmentPlan, Trace, type Value } from '../trace.ts';
import { convolve, square } from './layers.ts';
import { TRUNKS, type TrunkName } from './trunks.ts';

export interface LpipsConfig {
  readonly trunk: TrunkName;
  /** Every width over this. */
  readonly divisor?: number;
}

/** Means and deviations of what the trunks were trained on, for pictures in [-1, 1]. */
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];
const EPSILON = 1e-10;

/**
 * Learned perceptual similarity (Zhang et al. 2018, version 0.1): two `pictures` in [-1, 1], one over the other in a
 * batch, to their `distance`. Every map of the trunk is brought to length 1 at every place; the squared differences are
 * weighed channel by channel, averaged over the places and summed over the maps.
 */
export function planLpips({ trunk, divisor }: LpipsConfig): SegmentPlan {
  const trace = new Trace(`LPIPS, ${trunk}`);
  const pictures = trace.input('pictures', [2, 3, 'height', 'width']);
  const perChannel = (numbers: readonly number[]) => trace.constant('storage', numbers, [1, 3, 1, 1]);
  const centred = trace.node('Sub', [pictures, perChannel(SHIFT)], pictures.shape);
  const scaled = trace.node('Div', [centred, perChannel(SCALE)], pictures.shape);
  const distances = TRUNKS[trunk](trace, scaled, divisor).map((map, index) => {
    const [one, other] = halves(trace, ofLengthOne(trace, map));
    const difference = trace.node('Sub', [one, other], one.shape);
    const squared = trace.node('Mul', [difference, difference], one.shape);
    const weighed = { out: 1, kernel: square(1), bias: false };
    const seen = convolve(trace, `lin${index}.model.1`, squared, weighed);
    return trace.node('ReduceMean', [seen], [1], { axes: [1, 2, 3], keepdims: 0 });
  });
  trace.output(trace.node('Sum', distances, [1]), 'distance');
  return trace.finish()[0] as SegmentPlan;
}

function ofLengthOne(trace: Trace, map: Value): Value {
  const shape = [map.shape[0] as Dimension, 1, ...map.shape.slice(2)];
  const length = trace.node('ReduceL2', [map], shape, { axes: [1], keepdims: 1 });
  const safe = trace.node('Add', [length, trace.constant('storage', [EPSILON], [])], shape);
  return trace.node('Div', [map, safe], map.shape);
}

function halves(trace: Trace, map: Value): [Value, Value] {
  const shape = [1, ...map.shape.slice(1)];
  return trace.nodes('Split', [map], [shape, shape], { axis: 0 }) as [Value, Value];
}
