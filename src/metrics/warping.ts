import { expectSameSize, type Mask, meanOver, type Picture } from './picture.ts';

/** For every pixel of a frame, how far away from it its place in the frame before lies: all x, then all y. */
export type Flow = Float32Array | Float64Array;

/**
 * How much a frame differs from the one before it, moved by the flow that is known to be true: the mean absolute
 * difference over all three colours, in 0..255, of the pixels that `visible` marks in both frames and whose place in the
 * one before lies inside it.
 */
export function warpingError(before: Picture, after: Picture, flow: Flow, visible?: Mask): number {
  expectSameSize(before, after, visible);
  const { width, height } = after;
  const area = width * height;
  if (flow.length !== 2 * area)
    throw new RangeError(`the flow has ${flow.length / 2} places and the frames ${area}`);
  const counted = new Uint8Array(area);
  for (let i = 0; i < area; i++) {
    const [x, y] = [(i % width) + (flow[i] as number), Math.floor(i / width) + (flow[area + i] as number)];
    const isInside = x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1;
    counted[i] = isInside && visible?.[i] !== 0 ? 1 : 0;
  }
  return meanOver(after, counted, (x, y) => {
    const i = y * width + x;
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      const moved = sample(before, x + (flow[i] as number), y + (flow[area + i] as number), channel);
      sum += Math.abs((after.data[4 * i + channel] as number) - moved);
    }
    return sum / 3;
  });
}

/** Bilinear. */
function sample({ width, height, data }: Picture, x: number, y: number, channel: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const at = (column: number, row: number) => data[4 * (row * width + column) + channel] as number;
  const [across, down] = [x - left, y - top];
  const upper = at(left, top) * (1 - across) + at(right, top) * across;
  const lower = at(left, bottom) * (1 - across) + at(right, bottom) * across;
  return upper * (1 - down) + lower * down;
}
