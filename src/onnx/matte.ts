import type { HourglassConfig } from './configs.ts';
import { hourglass } from './hourglass.ts';
import { add, scale, sizeAt } from './layers.ts';
import { type SegmentPlan, Trace } from './trace.ts';

/** How much the rough outline says before training, as a logit a unit. */
const ROUGH = 6;

/** Ours: a `photo` in [-1, 1] and a rough `outline` in [0, 1] to a sharp `matte`. */
export function planMatte(config: HourglassConfig): SegmentPlan {
  const trace = new Trace('Matte');
  const photo = trace.input('photo', ['batch', 3, ...sizeAt(0)]);
  const outline = trace.input('outline', ['batch', 1, ...sizeAt(0)]);
  const found = hourglass(trace, [photo, outline], 1, config, 'matte');
  const half = trace.constant('storage', [-ROUGH / 2], []);
  const rough = trace.node('Add', [scale(trace, outline, ROUGH), half], outline.shape);
  const logits = add(trace, found, rough);
  trace.output(trace.node('Sigmoid', [logits], logits.shape), 'matte');
  return trace.finish()[0] as SegmentPlan;
}
