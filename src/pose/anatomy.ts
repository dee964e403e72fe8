/** The skeleton as data, once for everybody who draws, mirrors, mends, measures or fits it. */
import { JOINTS, type JointName } from './types.ts';

export const JOINT_COUNT = JOINTS.length;

/** Each joint's place in a pose. */
export const JOINT = Object.fromEntries(JOINTS.map((name, index) => [name, index])) as Readonly<
  Record<JointName, number>
>;

/** The middle of the hips, which OpenPose does not have: the root of the body. */
export const ROOT = -1;

/** What is measured of a body; left and right count as one. */
export const PARTS = [
  'trunk',
  'shoulder',
  'upperArm',
  'forearm',
  'hip',
  'thigh',
  'shin',
  'neck',
  'head',
] as const;
export type Part = (typeof PARTS)[number];

/** The person's own. */
export type Side = 'right' | 'left' | 'middle';
/** Detectors confuse left and right of each of these as a whole: arms can be right while legs are not. */
type Group = 'arms' | 'legs' | 'face';
export type Colour = readonly [red: number, green: number, blue: number];

interface JointOf {
  readonly name: JointName;
  readonly side: Side;
  readonly group?: Group;
  /** What it hangs on, and what of the body lies between. */
  readonly parent: JointName | 'root';
  readonly part: Part;
  /** In OpenPose's rainbow. */
  readonly colour: Colour;
}

/** In a pose's own order. */
const TABLE: readonly JointOf[] = [
  { name: 'nose', side: 'middle', parent: 'neck', part: 'neck', colour: [255, 0, 0] },
  { name: 'neck', side: 'middle', parent: 'root', part: 'trunk', colour: [255, 85, 0] },
  limb('rightShoulder', 'right', 'arms', 'neck', 'shoulder', [255, 170, 0]),
  limb('rightElbow', 'right', 'arms', 'rightShoulder', 'upperArm', [255, 255, 0]),
  limb('rightWrist', 'right', 'arms', 'rightElbow', 'forearm', [170, 255, 0]),
  limb('leftShoulder', 'left', 'arms', 'neck', 'shoulder', [85, 255, 0]),
  limb('leftElbow', 'left', 'arms', 'leftShoulder', 'upperArm', [0, 255, 0]),
  limb('leftWrist', 'left', 'arms', 'leftElbow', 'forearm', [0, 255, 85]),
  limb('rightHip', 'right', 'legs', 'root', 'hip', [0, 255, 170]),
  limb('rightKnee', 'right', 'legs', 'rightHip', 'thigh', [0, 255, 255]),
  limb('rightAnkle', 'right', 'legs', 'rightKnee', 'shin', [0, 170, 255]),
  limb('leftHip', 'left', 'legs', 'root', 'hip', [0, 85, 255]),
  limb('leftKnee', 'left', 'legs', 'leftHip', 'thigh', [0, 0, 255]),
  limb('leftAnkle', 'left', 'legs', 'leftKnee', 'shin', [85, 0, 255]),
  limb('rightEye', 'right', 'face', 'nose', 'head', [170, 0, 255]),
  limb('leftEye', 'left', 'face', 'nose', 'head', [255, 0, 255]),
  limb('rightEar', 'right', 'face', 'nose', 'head', [255, 0, 170]),
  limb('leftEar', 'left', 'face', 'nose', 'head', [255, 0, 85]),
];

function limb(
  name: JointName,
  side: Side,
  group: Group,
  parent: JointOf['parent'],
  part: Part,
  colour: Colour,
): JointOf {
  return { name, side, group, parent, part, colour };
}

/** OpenPose's rainbow: of each joint and, darker, of the limb with the same number. */
export const COLOURS: readonly Colour[] = TABLE.map(({ colour }) => colour);

/** OpenPose's limbs, in the order in which they are drawn over one another. */
export const LIMBS: readonly (readonly [from: number, to: number])[] = (
  [
    ['neck', 'rightShoulder'],
    ['neck', 'leftShoulder'],
    ['rightShoulder', 'rightElbow'],
    ['rightElbow', 'rightWrist'],
    ['leftShoulder', 'leftElbow'],
    ['leftElbow', 'leftWrist'],
    ['neck', 'rightHip'],
    ['rightHip', 'rightKnee'],
    ['rightKnee', 'rightAnkle'],
    ['neck', 'leftHip'],
    ['leftHip', 'leftKnee'],
    ['leftKnee', 'leftAnkle'],
    ['neck', 'nose'],
    ['nose', 'rightEye'],
    ['rightEye', 'rightEar'],
    ['nose', 'leftEye'],
    ['leftEye', 'leftEar'],
  ] as const
).map(([from, to]) => [JOINT[from], JOINT[to]]);

export const sideOf = (joint: number): Side => TABLE[joint]?.side ?? 'middle';

type Pair = readonly [right: number, left: number];

const pairsOf = (group: Group): Pair[] =>
  TABLE.filter((joint) => joint.group === group && joint.side === 'right').map(({ name }) => [
    JOINT[name],
    JOINT[name.replace('right', 'left') as JointName],
  ]);

/** What changes places when left and right are mistaken for one another, each group as a whole. */
export const FLIP_GROUPS: readonly (readonly Pair[])[] = [pairsOf('arms'), pairsOf('legs'), pairsOf('face')];

/** Joints that change places in a mirror. */
export const LEFT_RIGHT: readonly Pair[] = FLIP_GROUPS.flat();

/** Joints that show how legs and arms move; hips and shoulders belong to the trunk. */
export const LEGS = [JOINT.rightKnee, JOINT.rightAnkle, JOINT.leftKnee, JOINT.leftAnkle];
export const ARMS = [JOINT.rightElbow, JOINT.rightWrist, JOINT.leftElbow, JOINT.leftWrist];
export const HIPS = [JOINT.rightHip, JOINT.leftHip];

export interface Bone {
  readonly from: number;
  readonly to: number;
  readonly part: Part;
}

/** From the root outwards, parents first. */
export const BONES: readonly Bone[] = outwards('root');

function outwards(parent: JointOf['parent']): Bone[] {
  const children = TABLE.filter((joint) => joint.parent === parent);
  const here = children.map(({ name, part }) => ({
    from: parent === 'root' ? ROOT : JOINT[parent],
    to: JOINT[name],
    part,
  }));
  return [...here, ...children.flatMap(({ name }) => outwards(name))];
}
