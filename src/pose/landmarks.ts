import { JOINTS, type JointName, type Pose } from './types.ts';

/** What MediaPipe says of each of its 33 points: place as a share of the picture, and how surely it is visible. */
export interface Landmark {
  readonly x: number;
  readonly y: number;
  readonly visibility: number;
}

export const LANDMARK_COUNT = 33;

/** MediaPipe's number for each joint; the neck, which it does not have, lies between the shoulders. */
const LANDMARK_OF: Readonly<Record<Exclude<JointName, 'neck'>, number>> = {
  nose: 0,
  leftEye: 2,
  rightEye: 5,
  leftEar: 7,
  rightEar: 8,
  leftShoulder: 11,
  rightShoulder: 12,
  leftElbow: 13,
  rightElbow: 14,
  leftWrist: 15,
  rightWrist: 16,
  leftHip: 23,
  rightHip: 24,
  leftKnee: 25,
  rightKnee: 26,
  leftAnkle: 27,
  rightAnkle: 28,
};

/** Below this, MediaPipe places a joint by guessing where a body would go on. */
const LEAST_SCORE = 0.05;

export function poseFromLandmarks(landmarks: readonly Landmark[], width: number, height: number): Pose {
  const joints = new Float32Array(JOINTS.length * 3);
  const put = (name: JointName, { x, y, visibility }: Landmark) => {
    // A joint outside of the picture is an extrapolation, not an observation.
    const seen = x >= 0 && x <= 1 && y >= 0 && y <= 1 && visibility >= LEAST_SCORE;
    joints.set([x * width, y * height, seen ? Math.min(visibility, 1) : 0], JOINTS.indexOf(name) * 3);
  };
  const at = (name: Exclude<JointName, 'neck'>): Landmark => {
    const landmark = landmarks[LANDMARK_OF[name]];
    if (landmark === undefined)
      throw new RangeError(`${landmarks.length} landmarks in place of ${LANDMARK_COUNT}`);
    return landmark;
  };
  for (const name of JOINTS) {
    if (name === 'neck') {
      const right = at('rightShoulder');
      const left = at('leftShoulder');
      put(name, {
        x: (right.x + left.x) / 2,
        y: (right.y + left.y) / 2,
        visibility: Math.min(right.visibility, left.visibility),
      });
    } else {
      put(name, at(name));
    }
  }
  return { width, height, joints };
}
