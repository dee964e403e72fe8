import type { HourglassConfig } from './configs.ts';
import { hourglass } from './hourglass.ts';
import { sizeAt } from './layers.ts';
import { type SegmentPlan, Trace } from './trace.ts';

/** Ours: a `picture` whose hole is filled, in [-1, 1], and the `hole` in [0, 1], to the `change` that makes it the empty place. */
export function planPlate(config: HourglassConfig): SegmentPlan {
  const trace = new Trace('Plate');
  const picture = trace.input('picture', ['batch', 3, ...sizeAt(0)]);
  const hole = trace.input('hole', ['batch', 1, ...sizeAt(0)]);
  trace.output(hourglass(trace, [picture, hole], 3, config, 'plate'), 'change');
  return trace.finish()[0] as SegmentPlan;
}
