import type { PoseEncoderConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { conv, silu, sizeAt } from './layers.ts';
import { type SegmentPlan, Trace } from './trace.ts';

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
  const isWidth = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  if (!Array.isArray(widths) || widths.length === 0 || ![...widths, colours, out].every(isWidth)) {
    throw new UnknownArchitectureError('pose encoder', 'its widths are incomplete');
  }
  const periods = config.position_waves ?? [];
  if (!Array.isArray(periods) || !periods.every((count) => Number.isFinite(count) && count > 0)) {
    throw new UnknownArchitectureError('pose encoder', 'its position_waves are no list of numbers above 0');
  }
  const trace = new Trace('Pose encoder');
  const skeleton = trace.input('skeleton', ['batch', colours, ...sizeAt(0)]);
  let x = silu(trace, conv(trace, 'conv_in', skeleton, { out: widths[0] }));
  for (let i = 0; i < widths.length - 1; i++) {
    x = silu(trace, conv(trace, `blocks.${2 * i}`, x, { out: widths[i] }));
    x = silu(
      trace,
      conv(trace, `blocks.${2 * i + 1}`, x, {
        out: widths[i + 1],
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
