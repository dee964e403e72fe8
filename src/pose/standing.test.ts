import { expect, it } from 'vitest';
import { describeReference } from './bodies.ts';
import { isSeen, JOINT, JOINT_COUNT, jointX, jointY } from './body.ts';
import { standingPose } from './standing.ts';

it.each([
  [600, 800],
  [1600, 300],
  [100, 2000],
])('stands whole in a picture of %i by %i, facing us, and can be danced with', (width, height) => {
  const pose = standingPose(width, height);
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    expect(isSeen(pose, joint)).toBe(true);
    expect(jointX(pose, joint)).toBeGreaterThan(0);
    expect(jointX(pose, joint)).toBeLessThan(width);
    expect(jointY(pose, joint)).toBeGreaterThan(0);
    expect(jointY(pose, joint)).toBeLessThan(height);
  }
  expect(jointX(pose, JOINT.rightShoulder)).toBeLessThan(jointX(pose, JOINT.leftShoulder));
  expect(describeReference(pose).ground).toBeLessThan(height);
});
