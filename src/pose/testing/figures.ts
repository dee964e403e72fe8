/**
 * Jointed figures in space, dancing before a camera, whose true joints are known: what the fit is measured with.
 * Lengths are shares of the usual body height; x points right in the picture, y up, z to the camera.
 */
import { JOINT } from '../body.ts';
import type { Pose } from '../types.ts';

export type Vector = readonly [number, number, number];
type Frame = readonly [Vector, Vector, Vector];

export interface FigureBody {
  readonly trunk: number;
  readonly shoulder: number;
  readonly upperArm: number;
  readonly forearm: number;
  readonly hip: number;
  readonly thigh: number;
  readonly shin: number;
  readonly neck: number;
  readonly head: number;
}

/** From tables of the human body (Drillis and Contini), at the joints' centres. */
export const AVERAGE_BODY: FigureBody = {
  trunk: 0.288,
  shoulder: 0.108,
  upperArm: 0.18,
  forearm: 0.146,
  hip: 0.055,
  thigh: 0.245,
  shin: 0.246,
  neck: 0.122,
  head: 0.088,
};

/** Angles in radians; 0 is standing straight with hanging arms, facing the camera. */
export interface Bearing {
  readonly x: number;
  readonly jump: number;
  readonly yaw: number;
  readonly twist: number;
  readonly lean: number;
  readonly roll: number;
  readonly headYaw: number;
  readonly headPitch: number;
  readonly arms: readonly [LimbBearing, LimbBearing];
  readonly legs: readonly [LimbBearing, LimbBearing];
}

export interface LimbBearing {
  readonly sideways: number;
  readonly forwards: number;
  readonly bend: number;
}

export interface Camera {
  readonly width: number;
  readonly height: number;
  /** Pixels of a usual body height at the figure's place. */
  readonly scale: number;
  /** Where the figure's feet stand in the picture. */
  readonly x: number;
  readonly ground: number;
  /** Body heights from camera to figure; far means little perspective. */
  readonly distance: number;
}

const add = (a: Vector, b: Vector, times = 1): Vector => [
  a[0] + b[0] * times,
  a[1] + b[1] * times,
  a[2] + b[2] * times,
];
const through = ([right, up, front]: Frame, [x, y, z]: Vector): Vector =>
  add(add([right[0] * x, right[1] * x, right[2] * x], up, y), front, z);

/** A frame turned by yaw (about y), then leaning forwards and rolling aside. */
function turned(base: Frame, yaw: number, lean = 0, roll = 0): Frame {
  const [sy, cy] = [Math.sin(yaw), Math.cos(yaw)];
  const [sl, cl] = [Math.sin(lean), Math.cos(lean)];
  const [sr, cr] = [Math.sin(roll), Math.cos(roll)];
  const yawed = (v: Vector): Vector => [v[0] * cy + v[2] * sy, v[1], v[2] * cy - v[0] * sy];
  const leant = (v: Vector): Vector => [v[0], v[1] * cl - v[2] * sl, v[1] * sl + v[2] * cl];
  const rolled = (v: Vector): Vector => [v[0] * cr - v[1] * sr, v[0] * sr + v[1] * cr, v[2]];
  const axis = (v: Vector) => through(base, yawed(leant(rolled(v))));
  return [axis([1, 0, 0]), axis([0, 1, 0]), axis([0, 0, 1])];
}

const WORLD: Frame = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** The joints in space, the lower foot on the ground unless the figure jumps. */
function jointsInSpace(body: FigureBody, bearing: Bearing): Map<number, Vector> {
  const joints = new Map<number, Vector>();
  const pelvis = turned(WORLD, bearing.yaw, 0, bearing.roll / 2);
  const chest = turned(WORLD, bearing.yaw + bearing.twist, bearing.lean, bearing.roll);
  const face = turned(chest, bearing.headYaw, bearing.headPitch);
  const root: Vector = [0, 0, 0];
  const neck = add(root, chest[1], body.trunk);
  joints.set(JOINT.neck, neck);
  const limb = (
    frame: Frame,
    side: -1 | 1,
    start: Vector,
    [upper, lower]: readonly [number, number],
    { sideways, forwards, bend }: LimbBearing,
    bendsForwards: 1 | -1,
    names: readonly [number, number, number],
  ) => {
    const along: Vector = [
      side * Math.sin(sideways) * Math.cos(forwards),
      -Math.cos(sideways) * Math.cos(forwards),
      Math.sin(forwards),
    ];
    const across: Vector = [
      -side * Math.sin(sideways) * Math.sin(forwards) * bendsForwards,
      Math.cos(sideways) * Math.sin(forwards) * bendsForwards,
      Math.cos(forwards) * bendsForwards,
    ];
    const folded = add(
      [along[0] * Math.cos(bend), along[1] * Math.cos(bend), along[2] * Math.cos(bend)],
      across,
      Math.sin(bend),
    );
    const middle = add(start, through(frame, along), upper);
    joints.set(names[0], start);
    joints.set(names[1], middle);
    joints.set(names[2], add(middle, through(frame, folded), lower));
  };
  const arm: [number, number] = [body.upperArm, body.forearm];
  const leg: [number, number] = [body.thigh, body.shin];
  const at = (frame: Frame, base: Vector, offset: number) => add(base, frame[0], offset);
  limb(chest, -1, at(chest, neck, -body.shoulder), arm, bearing.arms[0], 1, [
    JOINT.rightShoulder,
    JOINT.rightElbow,
    JOINT.rightWrist,
  ]);
  limb(chest, 1, at(chest, neck, body.shoulder), arm, bearing.arms[1], 1, [
    JOINT.leftShoulder,
    JOINT.leftElbow,
    JOINT.leftWrist,
  ]);
  limb(pelvis, -1, at(pelvis, root, -body.hip), leg, bearing.legs[0], -1, [
    JOINT.rightHip,
    JOINT.rightKnee,
    JOINT.rightAnkle,
  ]);
  limb(pelvis, 1, at(pelvis, root, body.hip), leg, bearing.legs[1], -1, [
    JOINT.leftHip,
    JOINT.leftKnee,
    JOINT.leftAnkle,
  ]);
  const nose = add(add(neck, chest[1], 0.9 * body.neck), face[2], 0.44 * body.neck);
  const onHead = (x: number, y: number, z: number) => add(nose, through(face, [x, y, z]), body.head);
  joints.set(JOINT.nose, nose);
  joints.set(JOINT.rightEye, onHead(-0.33, 0.38, -0.2));
  joints.set(JOINT.leftEye, onHead(0.33, 0.38, -0.2));
  joints.set(JOINT.rightEar, onHead(-0.5, 0.25, -0.85));
  joints.set(JOINT.leftEar, onHead(0.5, 0.25, -0.85));
  const feet = [JOINT.rightAnkle, JOINT.leftAnkle].map((joint) => joints.get(joint)?.[1] ?? 0);
  // Ways are counted in leg lengths: a long-legged figure steps farther and jumps higher.
  const stride = body.thigh + body.shin;
  const placed: Vector = [bearing.x * stride, bearing.jump * stride - Math.min(...feet), 0];
  return new Map([...joints].map(([joint, v]) => [joint, add(v, placed)]));
}

export function photograph(body: FigureBody, bearing: Bearing, camera: Camera): Pose {
  const pose: Pose = { width: camera.width, height: camera.height, joints: new Float32Array(54) };
  const eyeLevel = 0.5;
  for (const [joint, [x, y, z]] of jointsInSpace(body, bearing)) {
    const near = camera.distance / (camera.distance - z);
    const seenX = camera.x + x * near * camera.scale;
    const seenY = camera.ground - (eyeLevel + (y - eyeLevel) * near) * camera.scale;
    pose.joints.set([seenX, seenY, 1], joint * 3);
  }
  return pose;
}

/** A generator of numbers in 0..1 that gives the same ones every time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export type Random = () => number;
const between = (random: Random, low: number, high: number) => low + (high - low) * random();
const bell = (random: Random) => random() + random() + random() + random() - 2;

export function randomBody(random: Random): FigureBody {
  const kind = random();
  const [head, legs] = kind < 0.7 ? [1, 1] : kind < 0.88 ? [1.3, 0.9] : [1.7, 0.75];
  const vary = (length: number, times = 1) => length * times * (1 + 0.1 * bell(random));
  return {
    trunk: vary(AVERAGE_BODY.trunk),
    shoulder: vary(AVERAGE_BODY.shoulder),
    upperArm: vary(AVERAGE_BODY.upperArm),
    forearm: vary(AVERAGE_BODY.forearm),
    hip: vary(AVERAGE_BODY.hip),
    thigh: vary(AVERAGE_BODY.thigh, legs),
    shin: vary(AVERAGE_BODY.shin, legs),
    neck: vary(AVERAGE_BODY.neck, Math.sqrt(head)),
    head: vary(AVERAGE_BODY.head, head),
  };
}

/** As people stand for a photo: mostly towards the camera, arms anyhow. */
export function randomPhotoBearing(random: Random): Bearing {
  const arm = () => ({
    sideways: between(random, 0.05, 1.2),
    forwards: between(random, -0.3, 0.7),
    bend: between(random, 0, 1.4),
  });
  const leg = () => ({
    sideways: between(random, 0, 0.25),
    forwards: between(random, -0.1, 0.25),
    bend: between(random, 0, 0.25),
  });
  const zero = { x: 0, jump: 0 };
  const yaw = 0.3 * bell(random);
  return {
    ...zero,
    yaw,
    twist: 0.15 * bell(random),
    lean: 0.1 * bell(random),
    roll: 0.1 * bell(random),
    headYaw: 0.3 * bell(random),
    headPitch: 0.15 * bell(random),
    arms: [arm(), arm()],
    legs: [leg(), leg()],
  };
}

/** A dance: every angle swings at its own pace. */
export function randomDance(random: Random): (time: number) => Bearing {
  const swing = (low: number, high: number) => {
    const [pace, phase, slow] = [between(random, 0.3, 1.1), between(random, 0, 6.3), between(random, 0, 6.3)];
    return (time: number) => {
      const wave = 0.65 * Math.sin(2 * Math.PI * pace * time + phase) + 0.35 * Math.sin(1.3 * time + slow);
      return low + (high - low) * (0.5 + 0.5 * wave);
    };
  };
  const arm = () => ({ sideways: swing(0, 2.4), forwards: swing(-0.5, 0.9), bend: swing(0, 2) });
  const leg = () => ({ sideways: swing(0, 0.5), forwards: swing(-0.3, 0.7), bend: swing(0, 0.9) });
  const ways = {
    x: swing(-0.6, 0.6),
    yaw: swing(-0.9, 0.9),
    twist: swing(-0.3, 0.3),
    lean: swing(-0.1, 0.5),
    roll: swing(-0.2, 0.2),
    headYaw: swing(-0.6, 0.6),
    headPitch: swing(-0.3, 0.3),
  };
  const hop = swing(-0.3, 0.2);
  const limbs = { arms: [arm(), arm()], legs: [leg(), leg()] } as const;
  const limbAt = (limb: ReturnType<typeof arm>, time: number): LimbBearing => ({
    sideways: limb.sideways(time),
    forwards: limb.forwards(time),
    bend: limb.bend(time),
  });
  return (time) => ({
    x: ways.x(time),
    jump: Math.max(0, hop(time)),
    yaw: ways.yaw(time),
    twist: ways.twist(time),
    lean: ways.lean(time),
    roll: ways.roll(time),
    headYaw: ways.headYaw(time),
    headPitch: ways.headPitch(time),
    arms: [limbAt(limbs.arms[0], time), limbAt(limbs.arms[1], time)],
    legs: [limbAt(limbs.legs[0], time), limbAt(limbs.legs[1], time)],
  });
}

export function randomCamera(random: Random, width = 512, height = 512): Camera {
  const scale = height * between(random, 0.6, 0.8);
  return {
    width,
    height,
    scale,
    x: width * between(random, 0.42, 0.58),
    ground: height * between(random, 0.88, 0.95),
    distance: between(random, 3.5, 8),
  };
}
