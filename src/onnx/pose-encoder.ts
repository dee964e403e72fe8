import { areWidths, isCount } from './bounds.ts';
import type { PoseEncoderConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { conv, silu, sizeAt } from './layers.ts';
import { type SegmentPlan, Trace } from './trace.ts';

const MOST_WAVES = 64;

/**
 * diffusers' ControlNetConditioningEmbedding: `skeleton` in [0, 1] to `features`, which are added after conv_in. With
 * `position_waves` in its config it takes them as `position` and adds what a layer of that name makes of them.
 */
export function planPoseEncoder(config: PoseEncoderConfig): SegmentPlan {
  const {
    block_out_channels: widths,
    conditioning_channels: colours,
    conditioning_embedding_channels: out,
  } = config;
  if (!areWidths(widths) || !isCount(colours) || !isCount(out)) {
    throw new UnknownArchitectureError('pose encoder', 'its widths are incomplete');
  }
  const periods = config.position_waves ?? [];
  const arePeriods = Array.isArray(periods) && periods.length <= MOST_WAVES;
  if (!arePeriods || !periods.every((count) => Number.isFinite(count) && count > 0)) {
    throw new UnknownArchitectureError('pose encoder', 'its position_waves are no list of numbers above 0');
  }
  const trace = new Trace('Pose encoder');
  const skeleton = trace.input('skeleton', ['batch', colours, ...sizeAt(0)]);
  let x = silu(trace, conv(trace, 'conv_in', skeleton, { out: widths[0] as number }));
  for (let i = 0; i < widths.length - 1; i++) {
    x = silu(trace, conv(trace, `blocks.${2 * i}`, x, { out: widths[i] as number }));
    x = silu(
      trace,
      conv(trace, `blocks.${2 * i + 1}`, x, {
        out: widths[i + 1] as number,
        stride: 2,
        size: sizeAt(i + 1),
      }),
    );
  }
  x = conv(trace, 'conv_out', x, { out });
  if (periods.length > 0) {
    const waves = trace.input('position', ['batch', 4 * periods.length, ...sizeAt(widths.length - 1)]);
    const position = conv(trace, 'position', waves, { out, kernel: 1, bias: false });
    x = trace.node('Add', [x, position], x.shape);
  }
  trace.output(x, 'features');
  return trace.finish()[0] as SegmentPlan;
}
