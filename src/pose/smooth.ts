/** Smoothing that looks both ways, for clips that are known from start to end: it delays nothing. */

/** One joint's way through the clip; `weights` of 0 mark frames in which it was not seen. */
export interface Path {
  readonly times: readonly number[];
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly weights: Float64Array;
}

/** Seconds: the deviation of the bell curve by which neighbouring frames count. */
const SMOOTHING = 0.06;

/**
 * The path with each point replaced by the value there of the parabola that fits its neighbourhood best. A parabola
 * follows turns and accelerations, which a mere average would cut short. A second fit, in which points far off the
 * first one count little, keeps a single wild detection from bending the path; what is nearer than `tolerance`, in pixels,
 * is not wild.
 */
export function smoothed(path: Path, tolerance: number): { x: Float64Array; y: Float64Array } {
  const first = fitEverywhere(path, path.weights);
  const errors = path.x.map((x, i) =>
    Math.hypot(x - (first.x[i] ?? x), (path.y[i] ?? 0) - (first.y[i] ?? 0)),
  );
  const usual = median(errors.filter((_, i) => (path.weights[i] ?? 0) > 0));
  const wild = Math.max(tolerance, 4 * usual);
  const trusted = path.weights.map((weight, i) => weight / (1 + ((errors[i] ?? 0) / wild) ** 4));
  return fitEverywhere(path, trusted);
}

function fitEverywhere(path: Path, weights: Float64Array): { x: Float64Array; y: Float64Array } {
  const x = path.x.slice();
  const y = path.y.slice();
  for (let i = 0; i < x.length; i++) {
    if (path.weights[i] === 0) continue;
    const near = kernel(path.times, weights, i);
    x[i] = parabolaAt(near, path.x, x[i] as number);
    y[i] = parabolaAt(near, path.y, y[i] as number);
  }
  return { x, y };
}

interface Neighbour {
  readonly index: number;
  readonly offset: number;
  readonly weight: number;
}

function kernel(times: readonly number[], weights: Float64Array, centre: number): Neighbour[] {
  const neighbours: Neighbour[] = [];
  const now = times[centre] as number;
  const collect = (from: number, step: 1 | -1) => {
    for (let index = from; index >= 0 && index < weights.length; index += step) {
      const offset = ((times[index] as number) - now) / SMOOTHING;
      // A point that is not seen ends the neighbourhood: what lies beyond it may be another movement.
      if (Math.abs(offset) > 4 || weights[index] === 0) break;
      neighbours.push({
        index,
        offset,
        weight: (weights[index] as number) * Math.exp(-0.5 * offset * offset),
      });
    }
  };
  collect(centre, 1);
  collect(centre - 1, -1);
  return neighbours;
}

/** The constant term of the weighted least-squares parabola; of a line or the mean where there are too few points. */
function parabolaAt(near: readonly Neighbour[], values: Float64Array, fallback: number): number {
  const moments = [0, 0, 0, 0, 0];
  const products = [0, 0, 0];
  for (const { index, offset, weight } of near) {
    let power = weight;
    for (let order = 0; order < 5; order++) {
      moments[order] = (moments[order] as number) + power;
      if (order < 3) products[order] = (products[order] as number) + power * (values[index] as number);
      power *= offset;
    }
  }
  const [m0, m1, m2, m3, m4] = moments as [number, number, number, number, number];
  const [p0, p1, p2] = products as [number, number, number];
  if (m0 < 1e-9) return fallback;
  if (near.length < 4) return p0 / m0;
  const cofactor0 = m2 * m4 - m3 * m3;
  const cofactor1 = m1 * m4 - m2 * m3;
  const cofactor2 = m1 * m3 - m2 * m2;
  const determinant = m0 * cofactor0 - m1 * cofactor1 + m2 * cofactor2;
  if (Math.abs(determinant) < 1e-9) return p0 / m0;
  return (p0 * cofactor0 - p1 * cofactor1 + p2 * cofactor2) / determinant;
}

function median(values: Float64Array): number {
  if (values.length === 0) return 0;
  return values.slice().sort()[values.length >> 1] as number;
}
