import { isCount } from './bounds.ts';
import type { RetoucherConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { add, beside, conv, relu, residual, sizeAt, upsample } from './layers.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

/** What the retoucher looks at, all as large as the picture, with their channels. */
export const RETOUCHER_INPUTS = { frame: 3, photo: 3, torso: 3, limbs: 3, nearness: 2 } as const;

/** One over another, the last one on top. */
const LAID = ['limbs', 'torso', 'photo'] as const;

/** Channels of all that it looks at: the inputs, and how far each of what may be laid is from the frame. */
export const RETOUCHER_SEEN =
  Object.values(RETOUCHER_INPUTS).reduce((sum, channels) => sum + channels, 0) + LAID.length;

/** Pixels over which a gap between two pictures is taken. */
const [WIDE, NARROW] = [7, 5];

/**
 * Ours: a decoded `frame` and the pictures that guide it (see the engine's guides) to an `image` with the photo's own
 * detail. It lays over the frame, pixel by pixel, shares of the photo's limbs, of its torso and of the photo as it stands.
 */
export function planRetoucher(config: RetoucherConfig): SegmentPlan {
  const { block_out_channels: widths, layers_per_block: counts, last_channels: last } = config;
  const areCounts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((each) => isCount(each));
  if (!areCounts(widths) || !areCounts(counts) || widths.length === 0 || widths.length !== counts.length) {
    throw new UnknownArchitectureError(
      'retoucher',
      'block_out_channels and layers_per_block do not go together',
    );
  }
  // Pictures are multiples of 64, and every level halves them.
  if (widths.length > 6) throw new UnknownArchitectureError('retoucher', 'it has more than six levels');
  if (!isCount(last)) throw new UnknownArchitectureError('retoucher', 'last_channels is missing');
  const trace = new Trace('Retoucher');
  const inputs = Object.fromEntries(
    Object.entries(RETOUCHER_INPUTS).map(([name, channels]) => [
      name,
      trace.input(name, ['batch', channels, ...sizeAt(0)]),
    ]),
  ) as Record<keyof typeof RETOUCHER_INPUTS, Value>;
  const bound = (value: number) => trace.constant('storage', [value], []);
  const frame = trace.node('Clip', [inputs.frame, bound(-1), bound(1)], inputs.frame.shape);
  const gaps = LAID.map((name) => gap(trace, inputs[name], frame));
  const seen = beside(trace, [frame, inputs.photo, inputs.torso, inputs.limbs, inputs.nearness, ...gaps]);

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
  for (let level = widths.length - 2; level >= 0; level--) {
    const narrow = conv(trace, `up.${level}`, x, { out: widths[level] as number, kernel: 1 });
    x = add(trace, upsample(trace, narrow, 2, sizeAt(level + 1)), levels[level] as Value);
    x = residual(trace, `up_blocks.${level}.0`, x);
  }
  x = upsample(trace, conv(trace, 'leave', x, { out: last, kernel: 1 }), 2, sizeAt(0));
  x = relu(trace, conv(trace, 'last', beside(trace, [x, seen]), { out: last }));

  let laid = add(trace, frame, conv(trace, 'change', x, { out: 3 }));
  LAID.forEach((name, i) => {
    const wanted = conv(trace, `shares.${name}`, x, { out: 1 });
    const doubted = conv(trace, `doubts.${name}`, gaps[i] as Value, { out: 1, kernel: 1 });
    const share = trace.node('Sigmoid', [add(trace, wanted, doubted)], wanted.shape);
    const difference = trace.node('Sub', [inputs[name], laid], laid.shape);
    laid = add(trace, laid, trace.node('Mul', [share, difference], laid.shape));
  });
  trace.output(laid, 'image');
  return trace.finish()[0] as SegmentPlan;
}

/** How far two pictures differ around each pixel, beyond detail that one of them lacks. */
function gap(trace: Trace, one: Value, other: Value): Value {
  const difference = meanAround(trace, trace.node('Sub', [one, other], one.shape), WIDE);
  const size = trace.node('Abs', [difference], difference.shape);
  const shape = [size.shape[0] ?? 1, 1, ...size.shape.slice(2)];
  return meanAround(trace, trace.node('ReduceMean', [size], shape, { axes: [1], keepdims: 1 }), NARROW);
}

function meanAround(trace: Trace, x: Value, side: number): Value {
  const pad = (side - 1) / 2;
  const window = { kernel_shape: [side, side], strides: [1, 1], pads: [pad, pad, pad, pad] };
  return trace.node('AveragePool', [x], x.shape, window);
}
