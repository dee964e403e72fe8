import { JOINT, ROOT } from '../pose/anatomy.ts';
import type { Point } from '../pose/body.ts';
import { distance, placeOf, quantile } from '../pose/proportions.ts';
import { JOINTS, type Pose } from '../pose/types.ts';

/**
 * How the parts of a body get from one pose to another: the torso as one piece by the affine map that takes its length and
 * breadth along, each limb and the head as pieces of their own. training/scd/guides.py computes the same.
 */

type Segment = readonly [Point, Point];

/** From a place in the frame to a place in the photo. */
export interface Move {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly dx: number;
  readonly dy: number;
}

export const STILL: Move = { xx: 1, xy: 0, yx: 0, yy: 1, dx: 0, dy: 0 };

/** A part's middle line, and how far around it the part reaches, in pixels. */
export interface Line {
  readonly part: string;
  readonly from: Point;
  readonly to: Point;
  readonly reach: number;
}

const TORSO_REACH = 0.35;
/** Both joints, the reach over the torso's length, and how far it goes on beyond the second joint, over its own length. */
const LIMBS: readonly (readonly [start: number, end: number, reach: number, beyond: number])[] = [
  [JOINT.rightShoulder, JOINT.rightElbow, 0.14, 0],
  [JOINT.rightElbow, JOINT.rightWrist, 0.12, 0.35],
  [JOINT.leftShoulder, JOINT.leftElbow, 0.14, 0],
  [JOINT.leftElbow, JOINT.leftWrist, 0.12, 0.35],
  [JOINT.rightHip, JOINT.rightKnee, 0.18, 0],
  [JOINT.rightKnee, JOINT.rightAnkle, 0.14, 0.25],
  [JOINT.leftHip, JOINT.leftKnee, 0.18, 0],
  [JOINT.leftKnee, JOINT.leftAnkle, 0.14, 0.25],
];
const HEAD_REACH = 0.3;
/** The head's middle line, from neck to nose and beyond, over that distance. */
const HEAD_LINE = [0.5, 1.6] as const;
const FACE = [JOINT.nose, JOINT.rightEye, JOINT.leftEye, JOINT.rightEar, JOINT.leftEar];
/** What the neck counts beside each point of the face. */
const NECK_COUNTS = 0.5;
/** Bounds for the stretch of a limb's length, and of everything that has no length of its own. */
const STRETCH = [0.25, 4] as const;
const BREADTH = [0.5, 2] as const;
/** What two bodies face, multiplied: one shows its front and the other its back. */
const TURNED_AWAY = -0.1;
/** Of the torso, over its length. */
const STIFFNESS = 0.3;

export function outlines(pose: Pose): Line[] {
  const torso = segment(pose, JOINT.neck, ROOT);
  // Neck and hips may lie on one point.
  const unit = Math.max(torso ? distance(...torso) : pose.height / 4, 1);
  const lines: Line[] = [];
  const add = (part: string, from: Point, to: Point, reach: number) =>
    lines.push({ part, from, to, reach: reach * unit });
  for (const [start, end, reach, beyond] of LIMBS) {
    const found = segment(pose, start, end);
    if (found) add(`${start}`, found[0], plus(found[1], times(minus(found[1], found[0]), beyond)), reach);
  }
  const head = segment(pose, JOINT.neck, JOINT.nose);
  if (head) {
    const [from, to] = HEAD_LINE.map((share) => plus(head[0], times(minus(head[1], head[0]), share)));
    add('head', from as Point, to as Point, HEAD_REACH);
  }
  if (torso) add('torso', ...torso, TORSO_REACH);
  return lines;
}

/** Of a place from a part's middle line, squared, 1 being the part's reach. */
export type Distance = (x: number, y: number) => number;

export function distanceTo({ from, to, reach }: Line): Distance {
  const along = minus(to, from);
  const perLength = 1 / Math.max(along.x ** 2 + along.y ** 2, 1e-12);
  const perReach = 1 / reach ** 2;
  return (x, y) => {
    const bx = x - from.x;
    const by = y - from.y;
    const share = Math.min(1, Math.max(0, (bx * along.x + by * along.y) * perLength));
    const ox = bx - share * along.x;
    const oy = by - share * along.y;
    return (ox * ox + oy * oy) * perReach;
  };
}

/** The move of each part that both poses show. */
export function movesOf(target: Pose, reference: Pose): Map<string, Move> {
  const breadth = breadthOf(target, reference);
  const moves = new Map<string, Move>();
  for (const [start, end] of LIMBS) {
    const [there, here] = [segment(target, start, end), segment(reference, start, end)];
    if (there && here) moves.set(`${start}`, alongAndAcross(there, here, breadth));
  }
  // A face is not to be laid over the back of a head.
  const isTurned = facing(target) * facing(reference) < TURNED_AWAY;
  if (segment(target, JOINT.neck, JOINT.nose) && segment(reference, JOINT.neck, JOINT.nose) && !isTurned) {
    moves.set('head', ofHead(target, reference));
  }
  const [there, here] = [segment(target, JOINT.neck, ROOT), segment(reference, JOINT.neck, ROOT)];
  const [wide, wasWide] = [across(target), across(reference)];
  if (there && here && wide && wasWide) moves.set('torso', ofTorso(there, here, wide, wasWide, breadth));
  return moves;
}

/** What a joint of a limb counts in the whole body's move, beside one of head or trunk. */
const LIMB_COUNTS = 0.3;
const TRUNK = new Set<number>([
  ...FACE,
  JOINT.neck,
  JOINT.rightShoulder,
  JOINT.leftShoulder,
  JOINT.rightHip,
  JOINT.leftHip,
]);

/** The body as one piece: the similarity nearest to taking all of its joints along. */
export function moveOfWhole(target: Pose, reference: Pose): Move {
  const shares = JOINTS.map((_, joint) => ({ joint, share: TRUNK.has(joint) ? 1 : LIMB_COUNTS }));
  return similarity(target, reference, shares, STRETCH, 2);
}

/** How much broader the photo's person is: the middle of what its parts' lengths say. */
function breadthOf(target: Pose, reference: Pose): number {
  const ratios = [...LIMBS, [JOINT.neck, ROOT] as const].flatMap(([start, end]) => {
    const [there, here] = [segment(target, start, end), segment(reference, start, end)];
    return there && here ? distance(...here) / Math.max(distance(...there), 1e-6) : [];
  });
  return ratios.length === 0 ? 1 : held(quantile(ratios, 0.5), BREADTH);
}

/** Takes a segment to another, `breadth` times as broad. */
function alongAndAcross(target: Segment, reference: Segment, breadth: number): Move {
  const [u, v] = [direction(target), direction(reference)];
  const stretch = held(distance(...reference) / Math.max(distance(...target), 1e-6), STRETCH);
  return throughMiddles(
    {
      xx: stretch * v.x * u.x + breadth * v.y * u.y,
      xy: stretch * v.x * u.y - breadth * v.y * u.x,
      yx: stretch * v.y * u.x - breadth * v.x * u.y,
      yy: stretch * v.y * u.y + breadth * v.x * u.x,
    },
    middle(target),
    middle(reference),
  );
}

/** Takes length and breadth along as well as it can without bending what the other poses cannot tell. */
function ofTorso(target: Segment, reference: Segment, wide: Point, wasWide: Point, breadth: number): Move {
  const begun = alongAndAcross(target, reference, breadth);
  const long = minus(target[1], target[0]);
  const stiff = (STIFFNESS * length(long)) ** 2 + 1e-6;
  // (R T' + stiff B) (T T' + stiff)^-1, with what goes together as the columns of T and R.
  let [sxx, syy, sxy] = [stiff, stiff, 0];
  let { xx, xy, yx, yy } = begun;
  [xx, xy, yx, yy] = [stiff * xx, stiff * xy, stiff * yx, stiff * yy];
  for (const [t, r] of [
    [long, minus(reference[1], reference[0])],
    [wide, wasWide],
  ] as const) {
    [sxx, syy, sxy] = [sxx + t.x * t.x, syy + t.y * t.y, sxy + t.x * t.y];
    [xx, xy, yx, yy] = [xx + r.x * t.x, xy + r.x * t.y, yx + r.y * t.x, yy + r.y * t.y];
  }
  const size = sxx * syy - sxy * sxy;
  return throughMiddles(
    {
      xx: (xx * syy - xy * sxy) / size,
      xy: (xy * sxx - xx * sxy) / size,
      yx: (yx * syy - yy * sxy) / size,
      yy: (yy * sxx - yx * sxy) / size,
    },
    middle(target),
    middle(reference),
  );
}

/** The similarity nearest to taking every point of the face, and the neck, to where it was. */
function ofHead(target: Pose, reference: Pose): Move {
  const shares = [...FACE.map((joint) => ({ joint, share: 1 })), { joint: JOINT.neck, share: NECK_COUNTS }];
  return similarity(target, reference, shares, BREADTH);
}

/** The similarity nearest to taking joints to where they were, each by its share; its size is held within bounds. */
function similarity(
  target: Pose,
  reference: Pose,
  shares: readonly { readonly joint: number; readonly share: number }[],
  bounds: readonly [number, number],
  fewest = 1,
): Move {
  const seen = shares.flatMap(({ joint, share }) => {
    const [t, r] = [placeOf(target, joint), placeOf(reference, joint)];
    return t && r ? { share, t, r } : [];
  });
  if (seen.length < fewest) return STILL;
  const total = seen.reduce((sum, { share }) => sum + share, 0);
  const mean = (of: (pair: (typeof seen)[number]) => Point): Point =>
    seen.reduce((sum, pair) => plus(sum, times(of(pair), pair.share / total)), { x: 0, y: 0 });
  const [ofTarget, ofReference] = [mean(({ t }) => t), mean(({ r }) => r)];
  let [cos, sin, squares] = [0, 0, 0];
  for (const { share, t, r } of seen) {
    const [a, b] = [minus(t, ofTarget), minus(r, ofReference)];
    cos += share * (a.x * b.x + a.y * b.y);
    sin += share * (a.x * b.y - a.y * b.x);
    squares += share * (a.x * a.x + a.y * a.y);
  }
  const size = Math.hypot(cos, sin);
  const scale = held(size / Math.max(squares, 1e-6), bounds) / Math.max(size, 1e-6);
  [cos, sin] = [cos * scale, sin * scale];
  return throughMiddles({ xx: cos, xy: -sin, yx: sin, yy: cos }, ofTarget, ofReference);
}

function throughMiddles(matrix: Omit<Move, 'dx' | 'dy'>, target: Point, reference: Point): Move {
  const { xx, xy, yx, yy } = matrix;
  return {
    ...matrix,
    dx: reference.x - xx * target.x - xy * target.y,
    dy: reference.y - yx * target.x - yy * target.y,
  };
}

/** Above 0 for a body that is seen from the front, below for its back, about 0 from the side. */
function facing(pose: Pose): number {
  const [torso, breadth] = [segment(pose, JOINT.neck, ROOT), across(pose)];
  if (!torso || !breadth) return 0;
  const down = minus(torso[1], torso[0]);
  return (breadth.x * down.y - breadth.y * down.x) / Math.max(length(down) ** 2, 1);
}

/** From the right side to the left. */
function across(pose: Pose): Point | undefined {
  const pairs = [
    segment(pose, JOINT.rightShoulder, JOINT.leftShoulder),
    segment(pose, JOINT.rightHip, JOINT.leftHip),
  ];
  const found = pairs.flatMap((pair) => (pair ? minus(pair[1], pair[0]) : []));
  return found.length === 0
    ? undefined
    : times(
        found.reduce((sum, each) => plus(sum, each)),
        1 / found.length,
      );
}

function segment(pose: Pose, start: number, end: number): Segment | undefined {
  const [a, b] = [placeOf(pose, start), placeOf(pose, end)];
  return a && b && [a, b];
}

const minus = (a: Point, b: Point): Point => ({ x: a.x - b.x, y: a.y - b.y });
const plus = (a: Point, b: Point): Point => ({ x: a.x + b.x, y: a.y + b.y });
const times = (a: Point, factor: number): Point => ({ x: a.x * factor, y: a.y * factor });
const length = ({ x, y }: Point): number => Math.hypot(x, y);
const middle = ([a, b]: Segment): Point => times(plus(a, b), 0.5);
const direction = (line: Segment): Point =>
  times(minus(line[1], line[0]), 1 / Math.max(distance(...line), 1e-6));
const held = (value: number, [low, high]: readonly [number, number]): number =>
  Math.min(high, Math.max(low, value));
