import { JOINT_COUNT, LEFT_RIGHT } from './anatomy.ts';
import type { Pose } from './types.ts';

export { JOINT, JOINT_COUNT } from './anatomy.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A joint's x, y or score; the joint must be one of the 18. */
export const jointX = (pose: Pose, joint: number): number => pose.joints[joint * 3] as number;
export const jointY = (pose: Pose, joint: number): number => pose.joints[joint * 3 + 1] as number;
export const score = (pose: Pose, joint: number): number => pose.joints[joint * 3 + 2] as number;
export const isSeen = (pose: Pose, joint: number): boolean => score(pose, joint) > 0;

export function point(pose: Pose, joint: number): Point {
  return { x: jointX(pose, joint), y: jointY(pose, joint) };
}

/** The joint's place, or undefined where it is not seen. */
export function seenPoint(pose: Pose, joint: number): Point | undefined {
  return isSeen(pose, joint) ? point(pose, joint) : undefined;
}

export function emptyPose(width: number, height: number): Pose {
  return { width, height, joints: new Float32Array(JOINT_COUNT * 3) };
}

export function copyPose(pose: Pose): Pose {
  return { ...pose, joints: pose.joints.slice() };
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The box around the joints that are seen, or undefined where none is. */
export function boundingBox(pose: Pose): Box | undefined {
  let box: Box | undefined;
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const at = seenPoint(pose, joint);
    if (at === undefined) continue;
    box = {
      left: Math.min(box?.left ?? at.x, at.x),
      top: Math.min(box?.top ?? at.y, at.y),
      right: Math.max(box?.right ?? at.x, at.x),
      bottom: Math.max(box?.bottom ?? at.y, at.y),
    };
  }
  return box;
}

/** How large a person is in the picture: the diagonal of the box around them, in pixels. */
export function extent(pose: Pose): number {
  const box = boundingBox(pose);
  return box === undefined ? 0 : Math.hypot(box.right - box.left, box.bottom - box.top);
}

/** The same pose in a mirror: what was on the left is on the right, and so is the person's own left. */
export function mirrored(pose: Pose): Pose {
  const joints = pose.joints.slice();
  for (let joint = 0; joint < JOINT_COUNT; joint++) joints[joint * 3] = pose.width - jointX(pose, joint);
  const result = { ...pose, joints };
  for (const [right, left] of LEFT_RIGHT) swapJoints(result, right, left);
  return result;
}

/** Exchanges two joints in place. */
export function swapJoints(pose: Pose, a: number, b: number): void {
  const kept = pose.joints.slice(a * 3, a * 3 + 3);
  pose.joints.copyWithin(a * 3, b * 3, b * 3 + 3);
  pose.joints.set(kept, b * 3);
}

/** The pose in a picture that is `scale` times as large and then moved; the result's picture has the given size. */
export function placedIn(
  pose: Pose,
  size: { readonly width: number; readonly height: number },
  scale: number,
  shift: Point = { x: 0, y: 0 },
): Pose {
  const joints = pose.joints.slice();
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    joints[joint * 3] = jointX(pose, joint) * scale + shift.x;
    joints[joint * 3 + 1] = jointY(pose, joint) * scale + shift.y;
  }
  return { width: size.width, height: size.height, joints };
}
