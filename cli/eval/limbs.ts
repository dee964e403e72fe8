import type { Picture } from '../../src/metrics/picture.ts';
import type { Pose } from '../../src/pose/types.ts';

/** A point of a picture, or a factor and a shift of the plane, as a complex number. */
interface Complex {
  readonly x: number;
  readonly y: number;
}

type Segment = readonly [Complex, Complex];

/** Both ends of each part and how far it reaches around them, over the torso's length. Two joints: their middle. */
const PARTS: readonly (readonly [from: readonly number[], to: readonly number[], reach: number])[] = [
  [[1], [8, 11], 0.35],
  [[1], [0], 0.3],
  [[2], [3], 0.14],
  [[3], [4], 0.12],
  [[5], [6], 0.14],
  [[6], [7], 0.12],
  [[8], [9], 0.18],
  [[9], [10], 0.14],
  [[11], [12], 0.18],
  [[12], [13], 0.14],
];
/** What staying in place weighs beside the parts. */
const STILL = Math.exp(-4);
const [LEAST_SCALE, MOST_SCALE] = [0.25, 4];

/**
 * The limb-by-limb warp, the baseline that any animator must beat; training/README.md has the same definition. A
 * pixel follows every part of the target's body, weighted by exp(-(distance / reach)^2), to where the similarity that
 * takes the part to the reference's part says it came from.
 */
export function warpLimbs(reference: Picture, from: Pose, to: Pose): Picture {
  const { width, height } = reference;
  const torso = torsoLength(to);
  const parts = PARTS.flatMap(([start, end, reach]) => {
    const [target, source] = [segment(to, start, end), segment(from, start, end)];
    return target && source ? [{ target, ...similarity(target, source), reach: reach * torso }] : [];
  });
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      // Pixel centres lie at half-integers.
      const place = { x: column + 0.5, y: row + 0.5 };
      let [weight, x, y] = [STILL, STILL * place.x, STILL * place.y];
      for (const { target, factor, shift, reach } of parts) {
        const share = Math.exp(-((distance(place, target) / reach) ** 2));
        const source = times(factor, place);
        weight += share;
        x += share * (source.x + shift.x);
        y += share * (source.y + shift.y);
      }
      readInto(data, 4 * (row * width + column), reference, x / weight, y / weight);
    }
  }
  return { width, height, data };
}

/** White wherever a part of the body reaches: for sets that do not say where the person is. */
export function personMask(pose: Pose): Uint8Array {
  const torso = torsoLength(pose);
  const parts = PARTS.flatMap(([start, end, reach]) => {
    const found = segment(pose, start, end);
    return found ? [{ found, reach: reach * torso }] : [];
  });
  return Uint8Array.from({ length: pose.width * pose.height }, (_, i) => {
    const place = { x: (i % pose.width) + 0.5, y: Math.floor(i / pose.width) + 0.5 };
    return parts.some(({ found, reach }) => distance(place, found) < reach) ? 255 : 0;
  });
}

/** From neck to hips; a quarter of the picture where that is not to be seen. */
function torsoLength(pose: Pose): number {
  const torso = segment(pose, [1], [8, 11]);
  return torso ? length(minus(torso[1], torso[0])) : pose.height / 4;
}

function segment(pose: Pose, start: readonly number[], end: readonly number[]): Segment | undefined {
  const [a, b] = [middle(pose, start), middle(pose, end)];
  return a && b && [a, b];
}

/** reference = factor * target + shift, from middle to middle. */
function similarity([a, b]: Segment, [c, d]: Segment): { factor: Complex; shift: Complex } {
  const [target, reference] = [minus(b, a), minus(d, c)];
  const [targetMiddle, referenceMiddle] = [middleOf(a, b), middleOf(c, d)];
  if (length(target) < 1e-6 || length(reference) < 1e-6) {
    return { factor: { x: 1, y: 0 }, shift: minus(referenceMiddle, targetMiddle) };
  }
  const scale = length(reference) / length(target);
  const held = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, scale)) / scale / length(target) ** 2;
  // Dividing by a complex number: times its conjugate, over its square.
  const quotient = times(reference, { x: target.x, y: -target.y });
  const factor = { x: quotient.x * held, y: quotient.y * held };
  return { factor, shift: minus(referenceMiddle, times(factor, targetMiddle)) };
}

function distance(place: Complex, [a, b]: Segment): number {
  const along = minus(b, a);
  const from = minus(place, a);
  const share = (from.x * along.x + from.y * along.y) / Math.max(length(along) ** 2, 1e-12);
  const held = Math.min(1, Math.max(0, share));
  return Math.hypot(from.x - held * along.x, from.y - held * along.y);
}

/** Bilinear; beyond the edge lies the edge's colour. */
function readInto(
  to: Uint8ClampedArray,
  at: number,
  { width, height, data }: Picture,
  x: number,
  y: number,
): void {
  const px = Math.min(width - 1, Math.max(0, x - 0.5));
  const py = Math.min(height - 1, Math.max(0, y - 0.5));
  const [left, top] = [Math.floor(px), Math.floor(py)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const [fx, fy] = [px - left, py - top];
  for (let channel = 0; channel < 3; channel++) {
    const value = (column: number, row: number) => data[4 * (row * width + column) + channel] as number;
    const upper = value(left, top) * (1 - fx) + value(right, top) * fx;
    const lower = value(left, bottom) * (1 - fx) + value(right, bottom) * fx;
    to[at + channel] = upper * (1 - fy) + lower * fy;
  }
}

function middle({ joints }: Pose, of: readonly number[]): Complex | undefined {
  if (of.some((joint) => joints[3 * joint + 2] === 0)) return undefined;
  const mean = (offset: number) =>
    of.reduce((sum, joint) => sum + (joints[3 * joint + offset] as number), 0) / of.length;
  return { x: mean(0), y: mean(1) };
}

const minus = (a: Complex, b: Complex): Complex => ({ x: a.x - b.x, y: a.y - b.y });
const times = (a: Complex, b: Complex): Complex => ({ x: a.x * b.x - a.y * b.y, y: a.x * b.y + a.y * b.x });
const middleOf = (a: Complex, b: Complex): Complex => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const length = (a: Complex): number => Math.hypot(a.x, a.y);
