import type { Pose } from '../../src/pose/types.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A part of the body as a capsule: all that is nearer than `radius` to the line from one end to the other. */
export interface BodyPart {
  readonly from: Point;
  readonly to: Point;
  readonly radius: number;
}

/** Ends of each part, and its radius over the torso's length. A pair of joints stands for the point between them. */
const PARTS: readonly (readonly [from: readonly number[], to: readonly number[], radius: number])[] = [
  // The torso is three capsules: one would leave out the shoulders or take in the arms.
  [[1], [8, 11], 0.28],
  [[2], [8], 0.16],
  [[5], [11], 0.16],
  [[1], [0], 0.16],
  [[0], [0], 0.3],
  [[2], [3], 0.13],
  [[3], [4], 0.12],
  [[5], [6], 0.13],
  [[6], [7], 0.12],
  [[8], [9], 0.19],
  [[9], [10], 0.15],
  [[11], [12], 0.19],
  [[12], [13], 0.15],
];

/** The parts in PARTS' order; undefined where a joint was not seen. */
export function bodyParts(pose: Pose): readonly (BodyPart | undefined)[] {
  const neck = middle(pose, [1]);
  const hips = middle(pose, [8, 11]);
  if (neck === undefined || hips === undefined) return PARTS.map(() => undefined);
  const torso = Math.hypot(neck.x - hips.x, neck.y - hips.y);
  return PARTS.map(([fromJoints, toJoints, radius]) => {
    const [from, to] = [middle(pose, fromJoints), middle(pose, toJoints)];
    return from && to && { from, to, radius: radius * torso };
  });
}

/** White where a part of the body is. */
export function personMask(pose: Pose): Uint8Array {
  const parts = bodyParts(pose);
  const { width, height } = pose;
  return Uint8Array.from({ length: width * height }, (_, i) =>
    nearestPart(parts, i % width, Math.floor(i / width)) ? 255 : 0,
  );
}

/**
 * The limb-by-limb warp: the baseline that any animator must beat. Each pixel inside a part of the target's body
 * comes from the same place along and across the same part of the reference's body. Every other pixel comes from its
 * own place in the reference, or, where the reference's body stood there, from the nearest background on its row.
 */
export function warpLimbs(
  reference: {
    readonly width: number;
    readonly height: number;
    readonly data: Uint8Array | Uint8ClampedArray;
  },
  from: Pose,
  to: Pose,
): { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } {
  const { width, height } = reference;
  const [fromParts, toParts] = [bodyParts(from), bodyParts(to)];
  const stood = personMask(from);
  const data = new Uint8ClampedArray(reference.data.length).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const hit = nearestPart(toParts, x, y);
      const source = hit && fromParts[hit.part];
      const at = source ? alongAndAcross(source, hit) : backgroundNear(stood, width, x, y);
      const sx = Math.min(width - 1, Math.max(0, Math.round(at.x)));
      const sy = Math.min(height - 1, Math.max(0, Math.round(at.y)));
      data.set(
        reference.data.subarray(4 * (sy * width + sx), 4 * (sy * width + sx) + 3),
        4 * (y * width + x),
      );
    }
  }
  return { width, height, data };
}

interface Hit {
  readonly part: number;
  /** Along the part, 0 at its start and 1 at its end. */
  readonly along: number;
  /** To its left, in radii. */
  readonly across: number;
}

/** The part that a pixel lies deepest inside of. */
function nearestPart(parts: readonly (BodyPart | undefined)[], x: number, y: number): Hit | undefined {
  let nearest: Hit | undefined;
  let least = 1;
  parts.forEach((capsule, part) => {
    if (capsule === undefined) return;
    const { from, to, radius } = capsule;
    const [dx, dy] = direction(capsule);
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const [px, py] = [x - from.x, y - from.y];
    const along = px * dx + py * dy;
    const across = py * dx - px * dy;
    const beyond = along - Math.min(length, Math.max(0, along));
    const depth = Math.hypot(across, beyond) / radius;
    if (depth > least) return;
    least = depth;
    // Past its ends a part goes on at the scale of its radius.
    const inside = length > 0 ? (along - beyond) / length : 0;
    nearest = { part, along: inside + beyond / Math.max(length, radius), across: across / radius };
  });
  return nearest;
}

function alongAndAcross(part: BodyPart, { along, across }: Hit): Point {
  const [dx, dy] = direction(part);
  const { from, to, radius } = part;
  const length = Math.max(Math.hypot(to.x - from.x, to.y - from.y), radius);
  return {
    x: from.x + dx * along * length - dy * across * radius,
    y: from.y + dy * along * length + dx * across * radius,
  };
}

/** A part without length points to the right. */
function direction({ from, to }: BodyPart): [number, number] {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  return length > 0 ? [(to.x - from.x) / length, (to.y - from.y) / length] : [1, 0];
}

function backgroundNear(stood: Uint8Array, width: number, x: number, y: number): Point {
  for (let step = 0; step < width; step++) {
    if (x - step >= 0 && stood[y * width + x - step] === 0) return { x: x - step, y };
    if (x + step < width && stood[y * width + x + step] === 0) return { x: x + step, y };
  }
  return { x, y };
}

function middle({ joints }: Pose, of: readonly number[]): Point | undefined {
  if (of.some((joint) => joints[3 * joint + 2] === 0)) return undefined;
  const mean = (offset: number) =>
    of.reduce((sum, joint) => sum + (joints[3 * joint + offset] as number), 0) / of.length;
  return { x: mean(0), y: mean(1) };
}
