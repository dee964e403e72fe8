import type { Point } from '../pose/body.ts';
import { length, middle, minus } from './body.ts';

/** From a place in the dressed picture to a place in the garment's: an affine map. */
export interface Move {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly dx: number;
  readonly dy: number;
}

export interface Pair {
  /** In the dressed picture. */
  readonly to: Point;
  /** In the garment's. */
  readonly from: Point;
  readonly weight?: number;
}

export const applied = ({ xx, xy, yx, yy, dx, dy }: Move, x: number, y: number): Point => ({
  x: xx * x + xy * y + dx,
  y: yx * x + yy * y + dy,
});

/** First `a`, then `b`. */
export function after(a: Move, b: Move): Move {
  return {
    xx: b.xx * a.xx + b.xy * a.yx,
    xy: b.xx * a.xy + b.xy * a.yy,
    yx: b.yx * a.xx + b.yy * a.yx,
    yy: b.yx * a.xy + b.yy * a.yy,
    dx: b.xx * a.dx + b.xy * a.dy + b.dx,
    dy: b.yx * a.dx + b.yy * a.dy + b.dy,
  };
}

/** A segment to a segment, `breadth` times as broad. */
export function alongAndAcross(
  to: readonly [Point, Point],
  from: readonly [Point, Point],
  breadth: number,
): Move {
  const [u, v] = [minus(to[1], to[0]), minus(from[1], from[0])];
  const [there, here] = [Math.max(length(u), 1e-6), Math.max(length(v), 1e-6)];
  const [ux, uy, vx, vy] = [u.x / there, u.y / there, v.x / here, v.y / here];
  const stretch = Math.min(4, Math.max(0.25, here / there));
  const turn = {
    xx: stretch * vx * ux + breadth * vy * uy,
    xy: stretch * vx * uy - breadth * vy * ux,
    yx: stretch * vy * ux - breadth * vx * uy,
    yy: stretch * vy * uy + breadth * vx * ux,
  };
  const [a, b] = [middle(...to), middle(...from)];
  return { ...turn, dx: b.x - turn.xx * a.x - turn.xy * a.y, dy: b.y - turn.yx * a.x - turn.yy * a.y };
}

/**
 * The affine map that takes the pairs along as well as it can; `stiffness`, over the pairs' own spread, holds it to the
 * similarity that does so best, which settles what few pairs leave open.
 */
export function affineBetween(pairs: readonly Pair[], stiffness: number): Move | undefined {
  if (pairs.length < 2) return undefined;
  const total = pairs.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const mean = (of: (pair: Pair) => Point): Point =>
    pairs.reduce(
      (sum, pair) => {
        const share = (pair.weight ?? 1) / total;
        return { x: sum.x + of(pair).x * share, y: sum.y + of(pair).y * share };
      },
      { x: 0, y: 0 },
    );
  const [to, from] = [mean((pair) => pair.to), mean((pair) => pair.from)];
  let [sxx, sxy, syy, rxx, rxy, ryx, ryy] = [0, 0, 0, 0, 0, 0, 0];
  for (const { to: t, from: f, weight = 1 } of pairs) {
    const [p, q] = [minus(t, to), minus(f, from)];
    sxx += weight * p.x * p.x;
    sxy += weight * p.x * p.y;
    syy += weight * p.y * p.y;
    rxx += weight * q.x * p.x;
    rxy += weight * q.x * p.y;
    ryx += weight * q.y * p.x;
    ryy += weight * q.y * p.y;
  }
  const squares = sxx + syy;
  if (squares < 1e-6) return undefined;
  // The best similarity, as the rotation and scale of a complex number.
  const [cos, sin] = [(rxx + ryy) / squares, (ryx - rxy) / squares];
  const stiff = (stiffness * squares) / 2 + 1e-9;
  const [a, b, c] = [sxx + stiff, sxy, syy + stiff];
  const size = a * c - b * b;
  const solve = (r1: number, r2: number): [number, number] => [
    (r1 * c - r2 * b) / size,
    (r2 * a - r1 * b) / size,
  ];
  const [xx, xy] = solve(rxx + stiff * cos, rxy - stiff * sin);
  const [yx, yy] = solve(ryx + stiff * sin, ryy + stiff * cos);
  return { xx, xy, yx, yy, dx: from.x - xx * to.x - xy * to.y, dy: from.y - yx * to.x - yy * to.y };
}

/** A change of size and place about a point, in the dressed picture, before the move. */
export function adjusted(move: Move, about: Point, { wide, tall, x, y }: Adjustment): Move {
  const before: Move = {
    xx: 1 / wide,
    xy: 0,
    yx: 0,
    yy: 1 / tall,
    dx: about.x - (about.x + x) / wide,
    dy: about.y - (about.y + y) / tall,
  };
  return after(before, move);
}

export interface Adjustment {
  readonly wide: number;
  readonly tall: number;
  readonly x: number;
  readonly y: number;
}

export const AS_IT_IS: Adjustment = { wide: 1, tall: 1, x: 0, y: 0 };
