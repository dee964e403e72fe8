import { JOINTS, type JointName, type Pose } from './types.ts';

/** Somebody who stands and faces us: each joint's way from the middle and from the top, in heights of the body. */
const PLACES: Readonly<Record<JointName, readonly [x: number, y: number]>> = {
  nose: [0, 0.09],
  neck: [0, 0.22],
  rightShoulder: [-0.1, 0.22],
  rightElbow: [-0.135, 0.38],
  rightWrist: [-0.155, 0.525],
  leftShoulder: [0.1, 0.22],
  leftElbow: [0.135, 0.38],
  leftWrist: [0.155, 0.525],
  rightHip: [-0.058, 0.51],
  rightKnee: [-0.065, 0.745],
  rightAnkle: [-0.07, 0.985],
  leftHip: [0.058, 0.51],
  leftKnee: [0.065, 0.745],
  leftAnkle: [0.07, 0.985],
  rightEye: [-0.02, 0.07],
  leftEye: [0.02, 0.07],
  rightEar: [-0.046, 0.085],
  leftEar: [0.046, 0.085],
};
const SHARE_OF_PICTURE = 0.85;
/** Of the body's height, with room for the arms. */
const BREADTH = 0.4;

/** Joints to start from where no network finds any: a person in the middle of the picture, all of them in sight. */
export function standingPose(width: number, height: number): Pose {
  const size = SHARE_OF_PICTURE * Math.min(height, width / BREADTH);
  const top = (height - size) / 2;
  const joints = JOINTS.flatMap((name) => {
    const [x, y] = PLACES[name];
    return [width / 2 + x * size, top + y * size, 1];
  });
  return { width, height, joints: Float32Array.from(joints) };
}
