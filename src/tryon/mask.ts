import { JOINT, type Point, seenPoint } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';
import {
  awayFrom,
  hipsOf,
  isArm,
  isFoot,
  isLeg,
  type Limb,
  limbsOf,
  minus,
  plus,
  times,
  torsoLength,
} from './body.ts';
import { type Kind, LABEL, type Label, REPLACED } from './labels.ts';
import { emptyMask, type Mask, maskFrom, type Size, spread } from './picture.ts';

/** Never painted over: whose face it is, is not for a garment to say. */
const KEPT: readonly Label[] = ['face', 'hair', 'hat'];
/** Limbs that a kind of garment may reach, as wide as loose cloth. */
const REACHED: Readonly<Record<Kind, (limb: Limb) => boolean>> = {
  top: ({ part }) => isArm(part),
  bottom: ({ part }) => isLeg(part),
  dress: ({ part }) => isArm(part) || isLeg(part),
  shoes: ({ part }) => isFoot(part),
  whole: () => true,
};
const LOOSE = 1.5;
/** A hand, from the wrist onwards, over the forearm's length. */
const HAND = 0.55;

/**
 * The mask that does not tell what was worn, as the field makes it: the garment's place as a hull in which its outline
 * cannot be seen any more, and the limbs that the new one may reach; without face, hair and hands.
 */
export function agnosticMask(labels: Uint8Array, size: Size, pose: Pose, kind: Kind): Mask {
  const replaced = new Set(REPLACED[kind].map((name) => LABEL[name]));
  const limbs = limbsOf(pose);
  const arms = limbs.filter(({ part }) => isArm(part)).map(awayFrom);
  const unit = torsoLength(pose);
  const points: Point[] = trunkCorners(pose, kind);
  for (let y = 0, i = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, i++) {
      if (!replaced.has(labels[i] as number)) continue;
      if (kind !== 'shoes' && arms.some((away) => away(x + 0.5, y + 0.5) < 1.6)) continue;
      if (isOnRim(labels, size, replaced, x, y)) points.push({ x: x + 0.5, y: y + 0.5 });
    }
  }
  const mask = emptyMask(size);
  // Two shoes are two hulls.
  if (kind !== 'shoes') fillHull(mask, hullOf(points));
  const reached = limbs.filter(REACHED[kind]).map(awayFrom);
  for (let y = 0, i = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, i++) {
      if (reached.some((away) => away(x + 0.5, y + 0.5) < LOOSE)) mask.alpha[i] = 1;
      if (replaced.has(labels[i] as number)) mask.alpha[i] = 1;
    }
  }
  const grown = spread(mask, Math.max(1, 0.04 * unit));
  const hands = handsOf(pose).map(awayFrom);
  return maskFrom(size, (i) => {
    const name = labels[i] as number;
    if (KEPT.some((kept) => LABEL[kept] === name)) return 0;
    const [x, y] = [(i % size.width) + 0.5, Math.floor(i / size.width) + 0.5];
    if (name === LABEL.skin && hands.some((away) => away(x, y) < 1)) return 0;
    return grown.alpha[i] as number;
  });
}

/** From each wrist on, as far as fingers reach. */
export function handsOf(pose: Pose): Limb[] {
  const unit = torsoLength(pose);
  return (
    [
      ['rightForearm', JOINT.rightElbow, JOINT.rightWrist],
      ['leftForearm', JOINT.leftElbow, JOINT.leftWrist],
    ] as const
  ).flatMap(([part, elbow, wrist]): Limb[] => {
    const [from, to] = [seenPoint(pose, elbow), seenPoint(pose, wrist)];
    if (!from || !to) return [];
    const along = minus(to, from);
    const breadth = 0.13 * unit;
    return [
      {
        part,
        from: plus(to, times(along, 0.08)),
        to: plus(to, times(along, HAND)),
        breadth: [breadth, breadth],
      },
    ];
  });
}

/** Corners of what a garment of this kind covers on everybody, whatever this one was cut like. */
function trunkCorners(pose: Pose, kind: Kind): Point[] {
  const unit = torsoLength(pose);
  const upper = kind === 'top' || kind === 'dress' || kind === 'whole';
  const lower = kind === 'bottom' || kind === 'dress' || kind === 'whole';
  const joints = [
    ...(upper ? [JOINT.rightShoulder, JOINT.leftShoulder, JOINT.rightHip, JOINT.leftHip] : []),
    ...(lower ? [JOINT.rightHip, JOINT.leftHip, JOINT.rightKnee, JOINT.leftKnee] : []),
  ];
  const centre = hipsOf(pose) ?? seenPoint(pose, JOINT.neck);
  return joints.flatMap((joint) => {
    const at = seenPoint(pose, joint);
    if (!at || !centre) return [];
    const aside = Math.sign(at.x - centre.x) * 0.14 * unit;
    return [{ x: at.x + aside, y: at.y }];
  });
}

function isOnRim(
  labels: Uint8Array,
  { width, height }: Size,
  of: Set<number>,
  x: number,
  y: number,
): boolean {
  if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return true;
  const i = y * width + x;
  return [i - 1, i + 1, i - width, i + width].some((other) => !of.has(labels[other] as number));
}

/** The convex hull, by Andrew's chains. */
export function hullOf(points: readonly Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a.x - b.x || a.y - b.y);
  const turn = (o: Point, a: Point, b: Point) => (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
  const chain = (list: readonly Point[]) => {
    const hull: Point[] = [];
    for (const next of list) {
      while (hull.length > 1 && turn(hull.at(-2) as Point, hull.at(-1) as Point, next) <= 0) hull.pop();
      hull.push(next);
    }
    return hull.slice(0, -1);
  };
  return sorted.length < 3 ? sorted : [...chain(sorted), ...chain(sorted.toReversed())];
}

function fillHull(mask: Mask, hull: readonly Point[]): void {
  if (hull.length < 3) return;
  for (let y = 0; y < mask.height; y++) {
    let [left, right] = [Infinity, -Infinity];
    const middle = y + 0.5;
    hull.forEach((a, i) => {
      const b = hull[(i + 1) % hull.length] as Point;
      if (a.y > middle === b.y > middle) return;
      const x = a.x + ((middle - a.y) / (b.y - a.y)) * (b.x - a.x);
      left = Math.min(left, x);
      right = Math.max(right, x);
    });
    for (let x = Math.max(0, Math.round(left)); x < Math.min(mask.width, Math.round(right)); x++) {
      mask.alpha[y * mask.width + x] = 1;
    }
  }
}
