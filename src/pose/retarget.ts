/** One pose of the clip's person, put on by the reference's body. */
import { BONES, HIPS, LEGS, ROOT } from './anatomy.ts';
import { type Driver, lowestAnkle, type Reference, ratiosBetween, sizeRatio } from './bodies.ts';
import { emptyPose, isSeen, JOINT, JOINT_COUNT, jointX, jointY, type Point, score } from './body.ts';
import { type Proportions, placeOf } from './proportions.ts';
import type { Pose } from './types.ts';

const PARENT = new Map(BONES.map(({ from, to, part }) => [to, { from, part }]));
/** How far the shoulders may sway over hips that the clip does not show, in trunk lengths. */
const LARGEST_SWAY = 0.2;
/** The trunk keeps this far from the picture's sides, in trunk lengths. */
const MARGIN = 0.4;
const LEAST_TRAVEL = 0.3;

export class Retargeter {
  private readonly ratios: Proportions;
  private readonly scale: number;
  /** How much of the way across the picture is kept, so that the dance stays in it. */
  private travel = 1;
  /** From the last frame that showed it: the trunk, and how much the ground moved the body. */
  private trunk: Point | undefined;
  private lift = 0;

  constructor(
    private readonly reference: Reference,
    private readonly driver: Driver,
  ) {
    this.ratios = ratiosBetween(reference.proportions, driver.proportions);
    this.scale = sizeRatio(reference.proportions, driver.proportions);
  }

  /** Narrows the way across the picture as far as this pose needs it. */
  makeRoomFor(pose: Pose): void {
    const root = this.rootOf(pose);
    if (root === undefined || !this.driver.hasLegs) return;
    const way = this.scale * (root.x - this.driver.home.x);
    const { reference } = this;
    const margin = MARGIN * reference.proportions.trunk;
    const room = way < 0 ? reference.root.x - margin : reference.pose.width - margin - reference.root.x;
    if (Math.abs(way) > room)
      this.travel = Math.max(LEAST_TRAVEL, Math.min(this.travel, room / Math.abs(way)));
  }

  /** The pose in the reference's picture, with the reference's limbs. */
  fit(pose: Pose): Pose {
    const root = this.rootOf(pose);
    if (root === undefined) return emptyPose(this.reference.pose.width, this.reference.pose.height);
    const fitted = this.driver.hasLegs ? this.fitWhole(pose, root) : this.fitUpper(pose, root);
    return withoutOutside(fitted);
  }

  private fitWhole(pose: Pose, root: Point): Pose {
    const { reference, driver, scale } = this;
    const x = reference.root.x + scale * this.travel * (root.x - driver.home.x);
    const y = reference.root.y + scale * (root.y - driver.home.y);
    const fitted = this.grow(pose, root, { x, y });
    const [foot, fittedFoot] = [lowestAnkle(pose), lowestAnkle(fitted)];
    // With one foot out of sight, the other may be in the air.
    const seesBoth = isSeen(pose, JOINT.rightAnkle) && isSeen(pose, JOINT.leftAnkle);
    if (seesBoth && foot !== undefined && fittedFoot !== undefined) {
      // Feet that stand on the clip's ground stand on the reference's, however long the legs are.
      this.lift = reference.ground - scale * (driver.ground - foot) - fittedFoot;
    }
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      fitted.joints[joint * 3 + 1] = jointY(fitted, joint) + this.lift;
    }
    return fitted;
  }

  /** The clip does not show the legs: the reference stands as it does in its photo, and the rest moves. */
  private fitUpper(pose: Pose, root: Point): Pose {
    const { reference } = this;
    const neck = placeOf(pose, JOINT.neck);
    const place = { ...reference.root };
    if (placeOf(pose, ROOT) === undefined && neck !== undefined) {
      const most = LARGEST_SWAY * reference.proportions.trunk;
      place.x += limited(this.scale * (neck.x - this.driver.neckHome.x), most);
      place.y += limited(this.scale * (neck.y - this.driver.neckHome.y), most);
    }
    const fitted = this.grow(pose, root, place);
    for (const joint of [...HIPS, ...LEGS]) {
      fitted.joints.set(reference.pose.joints.subarray(joint * 3, joint * 3 + 3), joint * 3);
    }
    return fitted;
  }

  /** Where the middle of the hips is, or must be if only the shoulders are seen. */
  private rootOf(pose: Pose): Point | undefined {
    const root = placeOf(pose, ROOT);
    const neck = placeOf(pose, JOINT.neck);
    if (root && neck) this.trunk = { x: neck.x - root.x, y: neck.y - root.y };
    if (root) return root;
    const trunk = this.trunk ?? this.uprightTrunk();
    return neck && { x: neck.x - trunk.x, y: neck.y - trunk.y };
  }

  /** The reference's own bearing, at the clip's size. */
  private uprightTrunk(): Point {
    const { root, neck } = this.reference;
    return { x: (neck.x - root.x) / this.ratios.trunk, y: (neck.y - root.y) / this.ratios.trunk };
  }

  /**
   * Limb by limb from the root outwards: each keeps its direction and its foreshortening, and changes its length as the
   * reference's limb differs from the clip's. A joint beyond one that is not seen hangs on the last one that is.
   */
  private grow(pose: Pose, root: Point, place: Point): Pose {
    const { width, height } = this.reference.pose;
    const fitted = emptyPose(width, height);
    const placed = new Map<number, Point>([[ROOT, place]]);
    const source = (joint: number) =>
      joint === ROOT ? root : { x: jointX(pose, joint), y: jointY(pose, joint) };
    for (const { to } of BONES) {
      if (!isSeen(pose, to)) continue;
      const { ancestor, ratio } = this.lastPlaced(to, placed);
      const [start, end, from] = [source(ancestor), source(to), placed.get(ancestor) ?? place];
      const at = { x: from.x + (end.x - start.x) * ratio, y: from.y + (end.y - start.y) * ratio };
      placed.set(to, at);
      fitted.joints.set([at.x, at.y, score(pose, to)], to * 3);
    }
    return fitted;
  }

  private lastPlaced(joint: number, placed: ReadonlyMap<number, Point>): { ancestor: number; ratio: number } {
    let own = 0;
    let others = 0;
    for (let at = joint; ; ) {
      const bone = PARENT.get(at);
      if (bone === undefined) return { ancestor: at, ratio: own / others };
      own += this.reference.proportions[bone.part];
      others += this.driver.proportions[bone.part];
      at = bone.from;
      if (placed.has(at)) return { ancestor: at, ratio: own / others };
    }
  }
}

/** A joint outside of the picture is marked, as it is in a photo. */
function withoutOutside(pose: Pose): Pose {
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const [x, y] = [jointX(pose, joint), jointY(pose, joint)];
    if (x < 0 || y < 0 || x > pose.width || y > pose.height) pose.joints[joint * 3 + 2] = 0;
  }
  return pose;
}

const limited = (value: number, most: number) => Math.max(-most, Math.min(most, value));
