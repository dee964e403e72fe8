/** OpenPose's 18 joints, in its order. Right and left are the person's own. */
export const JOINTS = [
  'nose',
  'neck',
  'rightShoulder',
  'rightElbow',
  'rightWrist',
  'leftShoulder',
  'leftElbow',
  'leftWrist',
  'rightHip',
  'rightKnee',
  'rightAnkle',
  'leftHip',
  'leftKnee',
  'leftAnkle',
  'rightEye',
  'leftEye',
  'rightEar',
  'leftEar',
] as const;

export type JointName = (typeof JOINTS)[number];

/** One person in one image. */
export interface Pose {
  /** Size in pixels of the image that the joints lie in. */
  readonly width: number;
  readonly height: number;
  /** 18 triples of x, y (pixels, y down) and score in 0..1; a score of 0 means not seen. */
  readonly joints: Float32Array;
}

/** How thick a pack's skeleton is drawn, in pixels of a drawing whose shorter side is 512. */
export interface SkeletonStyle {
  readonly limbWidth: number;
  readonly jointRadius: number;
}
