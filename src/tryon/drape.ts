import { JOINT, type Point, seenPoint } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';
import { awayFrom, hipsOf, isArm, isFoot, kneesOf, type Limb, limbsOf, minus, torsoLength } from './body.ts';
import type { Kind } from './labels.ts';
import {
  type Adjustment,
  AS_IT_IS,
  adjusted,
  affineBetween,
  alongAndAcross,
  type Move,
  type Pair,
} from './move.ts';
import {
  emptyPicture,
  type Mask,
  maskFrom,
  type Picture,
  type Size,
  sampleMask,
  samplePicture,
} from './picture.ts';

/** A garment's picture, the part of it that is the garment, and the joints that it hangs on. */
export interface Garment {
  readonly picture: Picture;
  readonly mask: Mask;
  readonly pose: Pose;
}

/** The garment's own pixels on the body: what lies on the trunk, and sleeves over it. */
export interface Draped {
  readonly trunk: Picture;
  readonly sleeves: Picture;
}

interface Piece {
  readonly move: Move;
  /** Squared, 1 at the piece's reach. */
  readonly away: (x: number, y: number) => number;
}

interface Sleeve extends Piece {
  /** Whether a place of the garment's picture is of this sleeve and not of the trunk. */
  readonly isSleeve: (x: number, y: number) => boolean;
}

const TRUNK_STIFFNESS = 0.05;
const PELVIS_STIFFNESS = 0.15;
/** How far cloth stands off the flesh, over its breadth. */
const SLEEVE_REACH = 2.2;
const LEG_REACH = 1.9;

const TRUNK_JOINTS = [
  JOINT.neck,
  JOINT.rightShoulder,
  JOINT.leftShoulder,
  JOINT.rightHip,
  JOINT.leftHip,
] as const;
const HIP_JOINTS = [JOINT.rightHip, JOINT.leftHip] as const;
const KNEES = [JOINT.rightKnee, JOINT.leftKnee] as const;

function pairs(to: Pose, from: Pose, joints: readonly number[], weight = 1): Pair[] {
  return joints.flatMap((joint) => {
    const [t, f] = [seenPoint(to, joint), seenPoint(from, joint)];
    return t && f ? { to: t, from: f, weight } : [];
  });
}

/** How the garment's pieces move onto a body, once for a photo. */
export class Drape {
  readonly #garment: Garment;
  readonly #trunk: readonly Piece[];
  readonly #sleeves: readonly Sleeve[];
  readonly #about: Point;

  constructor(kind: Kind, garment: Garment, pose: Pose) {
    this.#garment = garment;
    const source = garment.pose;
    const unit = torsoLength(pose);
    const breadth = torsoLength(source) / unit;
    const hips = hipsOf(pose);
    this.#about = hips ?? seenPoint(pose, JOINT.neck) ?? { x: pose.width / 2, y: pose.height / 2 };
    const trunk: Piece[] = [];
    const upper = kind === 'top' || kind === 'dress' || kind === 'whole';
    const lower = kind !== 'top' && kind !== 'shoes';
    if (upper) {
      const move =
        affineBetween(pairs(pose, source, TRUNK_JOINTS), TRUNK_STIFFNESS) ??
        affineBetween(pairs(pose, source, TRUNK_JOINTS.slice(0, 3)), 1);
      const neck = seenPoint(pose, JOINT.neck);
      if (move && neck)
        trunk.push({ move, away: along(neck, hips ?? { x: neck.x, y: neck.y + unit }, 0.42 * unit) });
    }
    const limbs = limbsOf(pose);
    const theirs = new Map(limbsOf(source).map((limb) => [limb.part, limb]));
    const split = lower && hasLegs(garment);
    if (lower && hips) {
      const knees = kneesOf(pose);
      const tied = split
        ? [...pairs(pose, source, HIP_JOINTS), ...pairs(pose, source, KNEES, 0.15)]
        : [...pairs(pose, source, HIP_JOINTS, 1.5), ...pairs(pose, source, KNEES)];
      const move = affineBetween(tied, PELVIS_STIFFNESS);
      const down = knees ?? { x: hips.x, y: hips.y + unit };
      const end = split
        ? { x: hips.x + 0.15 * (down.x - hips.x), y: hips.y + 0.15 * (down.y - hips.y) }
        : { x: hips.x + 1.6 * (down.x - hips.x), y: hips.y + 1.6 * (down.y - hips.y) };
      if (move) trunk.push({ move, away: along(hips, end, (split ? 0.28 : 0.45) * unit) });
    }
    const sleeves: Sleeve[] = [];
    for (const limb of limbs) {
      const other = theirs.get(limb.part);
      if (!other) continue;
      const move = alongAndAcross([limb.from, limb.to], [other.from, other.to], breadth);
      if (isArm(limb.part) && upper) {
        sleeves.push({ move, away: squared(limb, SLEEVE_REACH), isSleeve: nearerTo(other, source) });
      } else if (isFoot(limb.part) ? kind === 'shoes' || kind === 'whole' : !isArm(limb.part) && split) {
        trunk.push({ move, away: squared(limb, LEG_REACH) });
      }
    }
    this.#trunk = trunk;
    this.#sleeves = sleeves;
  }

  /** Whether the garment's trunk covers places of the dressed picture. */
  trunkOver(places: readonly Point[], adjustment: Adjustment): boolean[] {
    const moves = this.#trunk.map(({ move }) => adjusted(move, this.#about, adjustment));
    return places.map(({ x, y }) => {
      const at = this.#source(this.#trunk, moves, x, y);
      return at !== undefined && inside(this.#garment.mask, at.x, at.y) > 0.5;
    });
  }

  #source(pieces: readonly Piece[], moves: readonly Move[], x: number, y: number): Point | undefined {
    let [weight, sx, sy] = [0, 0, 0];
    for (let i = 0; i < moves.length; i++) {
      const away = (pieces[i] as Piece).away(x, y);
      if (away > 9) continue;
      const share = Math.exp(-2 * away) + 1e-7;
      const { xx, xy, yx, yy, dx, dy } = moves[i] as Move;
      weight += share;
      sx += share * (xx * x + xy * y + dx);
      sy += share * (yx * x + yy * y + dy);
    }
    return weight > 0 ? { x: sx / weight, y: sy / weight } : undefined;
  }

  /** The garment on a picture of this size. */
  over(size: Size, adjustment: Adjustment = AS_IT_IS): Draped {
    const { picture, mask } = this.#garment;
    const [trunk, sleeves] = [emptyPicture(size), emptyPicture(size)];
    const colour = new Float32Array(4);
    const moved = (piece: Piece) => adjusted(piece.move, this.#about, adjustment);
    const [trunkMoves, sleeveMoves] = [this.#trunk.map(moved), this.#sleeves.map(moved)];
    const put = (to: Picture, at: number, x: number, y: number) => {
      const alpha = inside(mask, x, y);
      if (alpha < 0.02) return;
      samplePicture(picture, x, y, colour);
      for (let k = 0; k < 3; k++) to.data[at + k] = colour[k] as number;
      to.data[at + 3] = 255 * alpha;
    };
    for (let row = 0, at = 0; row < size.height; row++) {
      const y = row + 0.5;
      for (let column = 0; column < size.width; column++, at += 4) {
        const x = column + 0.5;
        const trunkAt = this.#source(this.#trunk, trunkMoves, x, y);
        if (trunkAt) put(trunk, at, trunkAt.x, trunkAt.y);
        let [arms, ax, ay] = [0, 0, 0];
        for (let i = 0; i < sleeveMoves.length; i++) {
          const { away, isSleeve } = this.#sleeves[i] as Sleeve;
          const distance = away(x, y);
          if (distance > 1) continue;
          const { xx, xy, yx, yy, dx, dy } = sleeveMoves[i] as Move;
          const [px, py] = [xx * x + xy * y + dx, yx * x + yy * y + dy];
          if (!isSleeve(px, py)) continue;
          const share = Math.exp(-4 * distance);
          arms += share;
          ax += share * px;
          ay += share * py;
        }
        if (arms > 0) put(sleeves, at, ax / arms, ay / arms);
      }
    }
    return { trunk, sleeves };
  }
}

/** 0 outside the garment's picture. */
function inside(mask: Mask, x: number, y: number): number {
  return x < 0 || y < 0 || x > mask.width || y > mask.height ? 0 : sampleMask(mask, x, y);
}

function along(from: Point, to: Point, reach: number): (x: number, y: number) => number {
  const away = awayFrom({ part: 'torso', from, to, breadth: [reach, reach] });
  return (x, y) => away(x, y) ** 2;
}

function squared(limb: Limb, reach: number): (x: number, y: number) => number {
  const away = awayFrom(limb);
  return (x, y) => (away(x, y) / reach) ** 2;
}

/** Whether a place of the garment's picture belongs to this arm and not to the trunk. */
function nearerTo(limb: Limb, pose: Pose): (x: number, y: number) => boolean {
  const arm = awayFrom(limb);
  const [neck, hips] = [seenPoint(pose, JOINT.neck), hipsOf(pose)];
  const [right, left] = [seenPoint(pose, JOINT.rightShoulder), seenPoint(pose, JOINT.leftShoulder)];
  if (!neck || !hips || !right || !left) return (x, y) => arm(x, y) < SLEEVE_REACH;
  const down = minus(hips, neck);
  const squaredLength = Math.max(down.x ** 2 + down.y ** 2, 1);
  const half = 0.5 * Math.max(Math.hypot(right.x - left.x, right.y - left.y), 1);
  return (x, y) => {
    if (arm(x, y) > SLEEVE_REACH) return false;
    // Across the trunk, beyond the shoulders' breadth, lies the arm.
    const share = ((x - neck.x) * down.x + (y - neck.y) * down.y) / squaredLength;
    const aside = Math.hypot(x - neck.x - share * down.x, y - neck.y - share * down.y);
    return aside > 0.78 * half;
  };
}

/** Trousers show what is behind them between the knees. */
function hasLegs({ mask, pose }: Garment): boolean {
  const [knees, hips] = [kneesOf(pose), hipsOf(pose)];
  if (!knees || !hips) return false;
  const [right, left] = [seenPoint(pose, JOINT.rightKnee), seenPoint(pose, JOINT.leftKnee)] as [Point, Point];
  const reach = length2(minus(hips, knees));
  // From the crotch down to the knees, wherever cloth lies on both sides of the middle.
  let [gaps, rows] = [0, 0];
  for (let share = 0.45; share <= 1.05; share += 0.05) {
    const at = (a: Point, b: Point) => ({ x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) });
    const centre = at(hips, knees);
    const sides = [right, left].map((knee) => at({ x: hips.x + 0.5 * (knee.x - knees.x), y: hips.y }, knee));
    const isCloth = sides.every((side) => inside(mask, side.x, side.y) > 0.5);
    if (!isCloth) continue;
    rows++;
    const near = [-0.02, 0, 0.02].map((shift) => inside(mask, centre.x + shift * reach, centre.y));
    if (Math.min(...near) < 0.5) gaps++;
  }
  return rows > 0 && gaps >= 0.4 * rows;
}

const length2 = ({ x, y }: Point) => Math.hypot(x, y);

/** Sleeves over the trunk, as one picture. */
export function together({ trunk, sleeves }: Draped): Picture {
  const result = emptyPicture(trunk);
  for (let i = 0; i < result.data.length; i += 4) {
    const over = (sleeves.data[i + 3] as number) / 255;
    const under = ((trunk.data[i + 3] as number) / 255) * (1 - over);
    const all = over + under;
    if (all === 0) continue;
    for (let k = 0; k < 3; k++) {
      result.data[i + k] =
        ((sleeves.data[i + k] as number) * over + (trunk.data[i + k] as number) * under) / all;
    }
    result.data[i + 3] = 255 * all;
  }
  return result;
}

export const alphaOf = (picture: Picture): Mask =>
  maskFrom(picture, (i) => (picture.data[4 * i + 3] as number) / 255);
