/** How long a person's limbs are, from pictures in which some of them point towards the camera. */
import { BONES, PARTS, type Part, ROOT } from './anatomy.ts';
import { isSeen, JOINT, jointX, jointY, type Point } from './body.ts';
import type { Pose } from './types.ts';

/** Full lengths in pixels. */
export type Proportions = Readonly<Record<Part, number>>;

/**
 * Usual lengths as shares of the body's height, between the joints that pose networks mark (they see shoulders and hips
 * nearer to one another than a tailor would). 'shoulder' and 'hip' are half widths; 'head' is its breadth at the ears.
 */
const USUAL: Proportions = {
  trunk: 0.29,
  shoulder: 0.1,
  upperArm: 0.165,
  forearm: 0.145,
  hip: 0.058,
  thigh: 0.235,
  shin: 0.245,
  neck: 0.13,
  head: 0.093,
};

/** How much each part says about the height of the whole. */
const WEIGHT: Proportions = {
  trunk: 3,
  shoulder: 1,
  upperArm: 1,
  forearm: 0.7,
  hip: 0.5,
  thigh: 2,
  shin: 2,
  neck: 1,
  head: 1,
};

/** A head turned aside shows the way from ear to nose, which is this share of its breadth at the ears. */
const EAR_TO_NOSE = 0.95;

/** The place of a joint or of the root; undefined where it is not seen. */
export function placeOf(pose: Pose, joint: number): Point | undefined {
  if (joint !== ROOT)
    return isSeen(pose, joint) ? { x: jointX(pose, joint), y: jointY(pose, joint) } : undefined;
  const right = placeOf(pose, JOINT.rightHip);
  const left = placeOf(pose, JOINT.leftHip);
  return right && left && { x: (right.x + left.x) / 2, y: (right.y + left.y) / 2 };
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function lengthBetween(pose: Pose, from: number, to: number): number | undefined {
  const [a, b] = [placeOf(pose, from), placeOf(pose, to)];
  return a && b && distance(a, b);
}

/** Each bone's lengths in a pose; a head counts once for each way of measuring it. */
function lengthsOf(pose: Pose, part: Part): (number | undefined)[] {
  if (part !== 'head') {
    return BONES.filter((bone) => bone.part === part).map(({ from, to }) => lengthBetween(pose, from, to));
  }
  const breadth = lengthBetween(pose, JOINT.rightEar, JOINT.leftEar);
  const sides = [JOINT.rightEar, JOINT.leftEar].map((ear) => lengthBetween(pose, JOINT.nose, ear));
  const known = [breadth, ...sides.map((side) => side && side / EAR_TO_NOSE)].filter(
    (length) => length !== undefined,
  );
  return [known.length === 0 ? undefined : Math.max(...known)];
}

/**
 * A limb is seen at its full length only now and then: this quantile of what is seen stands for it. Neck and head never
 * foreshorten much; there the usual view is what a photo has to be compared with.
 */
const FULL_LENGTH: Proportions = {
  trunk: 0.9,
  shoulder: 0.9,
  upperArm: 0.92,
  forearm: 0.92,
  hip: 0.9,
  thigh: 0.92,
  shin: 0.92,
  neck: 0.6,
  head: 0.6,
};

/**
 * A body's full lengths from some of its poses: one photo, or a whole clip. `scales`, one a pose, take out how near the
 * person was. What the poses foreshorten is completed from usual proportions.
 */
export function proportionsOf(poses: readonly Pose[], scales?: readonly number[]): Proportions | undefined {
  const sides = new Map(PARTS.map((part) => [part, longestSides(poses, part, scales)]));
  const height = heightFrom(sides);
  if (height === undefined) return undefined;
  const entries = PARTS.map((part) => [part, completed(part, sides.get(part) ?? [], height)]);
  return Object.fromEntries(entries);
}

/** The full length of each side's bone, as far as it is seen at all. */
function longestSides(poses: readonly Pose[], part: Part, scales?: readonly number[]): number[] {
  const bySide: number[][] = [];
  poses.forEach((pose, i) => {
    lengthsOf(pose, part).forEach((length, side) => {
      bySide[side] ??= [];
      if (length !== undefined) bySide[side].push(length / (scales?.[i] ?? 1));
    });
  });
  return bySide
    .filter((lengths) => lengths.length > 0)
    .map((lengths) => quantile(lengths, FULL_LENGTH[part]));
}

/**
 * The body's height: foreshortening only ever shortens, so the parts that suggest a tall body are believed more than
 * those that suggest a small one.
 */
function heightFrom(sides: ReadonlyMap<Part, readonly number[]>): number | undefined {
  const votes = PARTS.flatMap((part) => {
    const lengths = sides.get(part) ?? [];
    return lengths.length === 0 ? [] : [{ height: Math.max(...lengths) / USUAL[part], weight: WEIGHT[part] }];
  }).sort((a, b) => a.height - b.height);
  const total = votes.reduce((sum, { weight }) => sum + weight, 0);
  let passed = 0;
  for (const { height, weight } of votes) {
    passed += weight;
    if (passed >= 0.65 * total) return height;
  }
  return undefined;
}

/** Below this share of the usual length, a part is foreshortened rather than short by nature. */
const SHORT: Proportions = {
  trunk: 0.8,
  shoulder: 0.88,
  upperArm: 0.88,
  forearm: 0.88,
  hip: 0.85,
  thigh: 0.88,
  shin: 0.88,
  neck: 0.75,
  head: 0.75,
};
/** Both sides alike, and not shorter than this: so the person is built. */
const ALIKE = 0.08;
const SHORTEST_BY_NATURE = 0.65;
/** What stands for a foreshortened part, as a share of its usual length: a little less, since most errors stretch. */
const COMPLETED = 0.96;

function completed(part: Part, lengths: readonly number[], height: number): number {
  const usual = USUAL[part] * height;
  const longest = Math.max(0, ...lengths);
  const share = longest / usual;
  if (share >= SHORT[part]) return longest;
  const isLimb = part === 'upperArm' || part === 'forearm' || part === 'thigh' || part === 'shin';
  const alike = lengths.length === 2 && Math.min(...lengths) >= (1 - ALIKE) * longest;
  if (isLimb && alike && share >= SHORTEST_BY_NATURE) return longest;
  return Math.max(longest, COMPLETED * usual);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}
