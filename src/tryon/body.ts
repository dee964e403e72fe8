import { JOINT, type Point, seenPoint } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';

/** The body as capsules around its bones, from joints: what may be covered, and what lies where. */

export type PartName =
  | 'torso'
  | 'pelvis'
  | 'rightUpperArm'
  | 'rightForearm'
  | 'leftUpperArm'
  | 'leftForearm'
  | 'rightThigh'
  | 'rightShin'
  | 'leftThigh'
  | 'leftShin'
  | 'rightFoot'
  | 'leftFoot';

export interface Limb {
  readonly part: PartName;
  readonly from: Point;
  readonly to: Point;
  /** Half the flesh's breadth at both ends, in pixels. */
  readonly breadth: readonly [number, number];
}

/** Joints of each limb, and half its breadth at both ends over the torso's length. */
const BONES: readonly (readonly [PartName, number, number, number, number])[] = [
  ['rightUpperArm', JOINT.rightShoulder, JOINT.rightElbow, 0.125, 0.095],
  ['rightForearm', JOINT.rightElbow, JOINT.rightWrist, 0.09, 0.065],
  ['leftUpperArm', JOINT.leftShoulder, JOINT.leftElbow, 0.125, 0.095],
  ['leftForearm', JOINT.leftElbow, JOINT.leftWrist, 0.09, 0.065],
  ['rightThigh', JOINT.rightHip, JOINT.rightKnee, 0.19, 0.12],
  ['rightShin', JOINT.rightKnee, JOINT.rightAnkle, 0.115, 0.075],
  ['leftThigh', JOINT.leftHip, JOINT.leftKnee, 0.19, 0.12],
  ['leftShin', JOINT.leftKnee, JOINT.leftAnkle, 0.115, 0.075],
];
/** A foot, from the ankle downwards, over the torso's length. */
const FOOT = { length: 0.16, breadth: 0.1 };

export const plus = (a: Point, b: Point): Point => ({ x: a.x + b.x, y: a.y + b.y });
export const minus = (a: Point, b: Point): Point => ({ x: a.x - b.x, y: a.y - b.y });
export const times = (a: Point, k: number): Point => ({ x: a.x * k, y: a.y * k });
export const middle = (a: Point, b: Point): Point => times(plus(a, b), 0.5);
export const length = (a: Point): number => Math.hypot(a.x, a.y);

export const between = (pose: Pose, a: number, b: number): Point | undefined => {
  const [p, q] = [seenPoint(pose, a), seenPoint(pose, b)];
  return p && q && middle(p, q);
};

export const hipsOf = (pose: Pose) => between(pose, JOINT.rightHip, JOINT.leftHip);
export const shouldersOf = (pose: Pose) => between(pose, JOINT.rightShoulder, JOINT.leftShoulder);
export const kneesOf = (pose: Pose) => between(pose, JOINT.rightKnee, JOINT.leftKnee);

/** From the shoulders' middle to the hips'; where one is not seen, from the shoulders' breadth or the picture. */
export function torsoLength(pose: Pose): number {
  const [top, bottom] = [shouldersOf(pose), hipsOf(pose)];
  if (top && bottom) return Math.max(length(minus(top, bottom)), 1);
  const [right, left] = [seenPoint(pose, JOINT.rightShoulder), seenPoint(pose, JOINT.leftShoulder)];
  if (right && left) return Math.max(1.4 * length(minus(right, left)), 1);
  return pose.height / 4;
}

/** Arms, legs and feet that the pose shows. */
export function limbsOf(pose: Pose): Limb[] {
  const unit = torsoLength(pose);
  const limbs: Limb[] = [];
  for (const [part, start, end, wide, narrow] of BONES) {
    const [from, to] = [seenPoint(pose, start), seenPoint(pose, end)];
    if (from && to) limbs.push({ part, from, to, breadth: [wide * unit, narrow * unit] });
  }
  for (const [part, knee, ankle] of [
    ['rightFoot', JOINT.rightKnee, JOINT.rightAnkle],
    ['leftFoot', JOINT.leftKnee, JOINT.leftAnkle],
  ] as const) {
    const [above, from] = [seenPoint(pose, knee), seenPoint(pose, ankle)];
    if (!above || !from) continue;
    const down = minus(from, above);
    const to = plus(from, times(down, (FOOT.length * unit) / Math.max(length(down), 1)));
    limbs.push({ part, from, to, breadth: [FOOT.breadth * unit, FOOT.breadth * unit] });
  }
  return limbs;
}

/** How far a place is from a limb's middle line, over the flesh's breadth there: below 1 inside. */
export function awayFrom({ from, to, breadth }: Limb): (x: number, y: number) => number {
  const along = minus(to, from);
  const squared = Math.max(along.x ** 2 + along.y ** 2, 1e-9);
  return (x, y) => {
    const share = Math.min(1, Math.max(0, ((x - from.x) * along.x + (y - from.y) * along.y) / squared));
    const away = Math.hypot(x - from.x - share * along.x, y - from.y - share * along.y);
    return away / (breadth[0] + share * (breadth[1] - breadth[0]));
  };
}

export const isArm = (part: PartName): boolean => /Arm|Forearm/.test(part);
export const isLeg = (part: PartName): boolean => /Thigh|Shin/.test(part);
export const isFoot = (part: PartName): boolean => part.endsWith('Foot');
