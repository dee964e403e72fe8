import type { Mask, Picture } from './picture.ts';

/**
 * Colours for every pixel from those that `known` marks: near ones where there are any, else smoother and smoother means
 * of those further away (a pyramid down, and up again). Red, green and blue in 0..255, side by side.
 */
export function filledFrom(picture: Picture, known: Mask): Float32Array<ArrayBuffer> {
  const levels: Level[] = [];
  const first = newLevel(picture.width, picture.height);
  for (let i = 0; i < known.alpha.length; i++) {
    const share = known.alpha[i] as number;
    first.weight[i] = share;
    for (let k = 0; k < 3; k++) first.colour[3 * i + k] = share * (picture.data[4 * i + k] as number);
  }
  levels.push(first);
  for (let level = first; level.width > 1 || level.height > 1; ) {
    level = halved(level);
    levels.push(level);
  }
  let above = settled(levels.at(-1) as Level, undefined);
  for (let i = levels.length - 2; i >= 0; i--) above = settled(levels[i] as Level, above);
  return above.colour;
}

interface Level {
  readonly width: number;
  readonly height: number;
  /** Times its weight, until it is settled. */
  readonly colour: Float32Array<ArrayBuffer>;
  readonly weight: Float32Array<ArrayBuffer>;
}

const newLevel = (width: number, height: number): Level => ({
  width,
  height,
  colour: new Float32Array(3 * width * height),
  weight: new Float32Array(width * height),
});

function halved(level: Level): Level {
  const half = newLevel(Math.ceil(level.width / 2), Math.ceil(level.height / 2));
  for (let y = 0; y < level.height; y++) {
    for (let x = 0; x < level.width; x++) {
      const [from, to] = [y * level.width + x, (y >> 1) * half.width + (x >> 1)];
      half.weight[to] = (half.weight[to] as number) + (level.weight[from] as number);
      for (let k = 0; k < 3; k++) {
        half.colour[3 * to + k] =
          (half.colour[3 * to + k] as number) + (level.colour[3 * from + k] as number);
      }
    }
  }
  // A few known pixels say what the place looks like as surely as many do.
  for (let i = 0; i < half.weight.length; i++) {
    const weight = half.weight[i] as number;
    if (weight <= 1) continue;
    for (let k = 0; k < 3; k++) half.colour[3 * i + k] = (half.colour[3 * i + k] as number) / weight;
    half.weight[i] = 1;
  }
  return half;
}

/** What is known, over what the coarser level says. */
function settled(level: Level, above: Level | undefined): Level {
  const result = newLevel(level.width, level.height);
  for (let y = 0; y < level.height; y++) {
    for (let x = 0; x < level.width; x++) {
      const at = y * level.width + x;
      const weight = level.weight[at] as number;
      for (let k = 0; k < 3; k++) {
        const own = level.colour[3 * at + k] as number;
        const rest = above && weight < 1 ? (1 - weight) * coarse(above, x, y, k) : 0;
        result.colour[3 * at + k] = above ? own + rest : weight > 0 ? own / weight : 128;
      }
    }
  }
  return result;
}

function coarse(level: Level, x: number, y: number, k: number): number {
  const px = Math.min(level.width - 1, Math.max(0, (x + 0.5) / 2 - 0.5));
  const py = Math.min(level.height - 1, Math.max(0, (y + 0.5) / 2 - 0.5));
  const [left, top] = [Math.floor(px), Math.floor(py)];
  const [right, bottom] = [Math.min(level.width - 1, left + 1), Math.min(level.height - 1, top + 1)];
  const [fx, fy] = [px - left, py - top];
  const at = (row: number, column: number) => level.colour[3 * (row * level.width + column) + k] as number;
  return (
    (at(top, left) * (1 - fx) + at(top, right) * fx) * (1 - fy) +
    (at(bottom, left) * (1 - fx) + at(bottom, right) * fx) * fy
  );
}
