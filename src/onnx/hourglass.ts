import type { HourglassConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { add, beside, conv, enlarge, relu, residual, sizeAt, upsample } from './layers.ts';
import type { Trace, Value } from './trace.ts';

/** Pixels a side of the finest cell of features. */
export const CELL = 4;
const CELL_LEVEL = 2;

/** An entry into a level: a convolution, perhaps to half the size, and residual blocks. */
export function entry(
  trace: Trace,
  name: string,
  x: Value,
  { out, blocks, level, halves = false }: { out: number; blocks: number; level: number; halves?: boolean },
): Value {
  const shape = { out, size: sizeAt(level), ...(halves && { stride: 2 }) };
  let made = relu(trace, conv(trace, `${name}.enter`, x, shape));
  for (let i = 0; i < blocks; i++) made = residual(trace, `${name}.blocks.${i}`, made);
  return made;
}

/** A picture's cells as features. */
export function cells(trace: Trace, name: string, picture: Value, out: number): Value {
  const shape = { out, kernel: CELL, stride: CELL, pads: [0, 0, 0, 0], size: sizeAt(CELL_LEVEL) };
  return relu(trace, conv(trace, name, picture, shape));
}

export const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;
export const areCounts = (list: unknown): list is number[] => Array.isArray(list) && list.every(isCount);

/** Sides must be multiples of this. */
export const hourglassStride = ({ block_out_channels }: HourglassConfig): number =>
  CELL * 2 ** (block_out_channels.length - 1);

/** `pictures` beside one another, to `out` channels of the same size: its weights' names begin with `body.`. */
export function hourglass(
  trace: Trace,
  pictures: readonly Value[],
  out: number,
  config: HourglassConfig,
  title: string,
): Value {
  const { block_out_channels: widths, layers_per_block: counts, last_channels: last } = config;
  if (!areCounts(widths) || !areCounts(counts) || widths.length === 0 || widths.length !== counts.length) {
    throw new UnknownArchitectureError(title, 'block_out_channels and layers_per_block do not go together');
  }
  if (widths.length > 5) throw new UnknownArchitectureError(title, 'it has more than five levels');
  if (!isCount(last)) throw new UnknownArchitectureError(title, 'last_channels is missing');
  const seen = beside(trace, pictures);
  let x = cells(trace, 'body.cells', seen, widths[0] as number);
  const levels = widths.map((width, level) => {
    const shape = {
      out: width,
      blocks: counts[level] as number,
      level: CELL_LEVEL + level,
      halves: level > 0,
    };
    x = entry(trace, `body.down.${level}`, x, shape);
    return x;
  });
  for (let level = widths.length - 2; level >= 0; level--) {
    const narrow = conv(trace, `body.up.${level}`, x, { out: widths[level] as number, kernel: 1 });
    x = add(trace, upsample(trace, narrow, 2, sizeAt(CELL_LEVEL + level)), levels[level] as Value);
    x = residual(trace, `body.mend.${level}`, x);
  }
  x = enlarge(trace, conv(trace, 'body.leave', x, { out: last, kernel: 1 }), CELL, sizeAt(0));
  x = relu(trace, conv(trace, 'body.last', beside(trace, [x, seen]), { out: last }));
  return conv(trace, 'body.out', x, { out });
}
