import type { ParserConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { add, conv, relu, residual, sizeAt, upsample } from './layers.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

/** What the parser looks at, all as large as the picture, with their channels. */
export const PARSER_INPUTS = { photo: 3, outline: 1, skeleton: 3 } as const;

/** The joints that it finds, by their places in OpenPose's order: neck, shoulders to wrists, hips to ankles. */
export const PARSER_JOINTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] as const;

/**
 * Ours: a `photo`, a rough `outline` of the person and their drawn `skeleton` (the latter two empty where nobody is) to
 * `labels`, how likely each class is at each pixel of half the size, and `joints`, where in a quarter of the size each
 * joint is or would be; both before a softmax.
 */
export function planParser(config: ParserConfig): SegmentPlan {
  const { block_out_channels: widths, layers_per_block: counts, classes } = config;
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
  if (!Array.isArray(widths) || !Array.isArray(counts) || ![...widths, ...counts, classes].every(isCount)) {
    throw new UnknownArchitectureError(
      'parser',
      'classes, block_out_channels or layers_per_block is missing',
    );
  }
  if (widths.length !== counts.length || widths.length < 3 || widths.length > 6) {
    throw new UnknownArchitectureError(
      'parser',
      'block_out_channels and layers_per_block do not go together',
    );
  }
  const trace = new Trace('Parser');
  const inputs = Object.entries(PARSER_INPUTS).map(([name, channels]) =>
    trace.input(name, ['batch', channels, ...sizeAt(0)]),
  );
  const channels = Object.values(PARSER_INPUTS).reduce((sum, count) => sum + count, 0);
  const seen = trace.node('Concat', inputs, ['batch', channels, ...sizeAt(0)], { axis: 1 });
  let x = relu(trace, conv(trace, 'enter', seen, { out: widths[0] as number, stride: 2, size: sizeAt(1) }));
  const levels: Value[] = [];
  widths.forEach((width, level) => {
    if (level > 0) {
      const halved = { out: width, stride: 2, size: sizeAt(level + 1) };
      x = relu(trace, conv(trace, `down.${level - 1}`, x, halved));
    }
    for (let i = 0; i < (counts[level] as number); i++) {
      x = residual(trace, `down_blocks.${level}.${i}`, x);
    }
    levels.push(x);
  });
  let places: Value | undefined;
  for (let level = widths.length - 2; level >= 0; level--) {
    const narrow = conv(trace, `up.${level}`, x, { out: widths[level] as number, kernel: 1 });
    x = add(trace, upsample(trace, narrow, 2, sizeAt(level + 1)), levels[level] as Value);
    x = residual(trace, `up_blocks.${level}`, x);
    if (level === 1) places = x;
  }
  trace.output(conv(trace, 'labels', x, { out: classes }), 'labels');
  const joints = conv(trace, 'joints', places ?? (levels[1] as Value), {
    out: PARSER_JOINTS.length,
    kernel: 1,
  });
  trace.output(joints, 'joints');
  return trace.finish()[0] as SegmentPlan;
}
