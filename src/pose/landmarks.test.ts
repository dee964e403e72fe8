import { describe, expect, it } from 'vitest';
import { isSeen, JOINT, point, score } from './body.ts';
import { LANDMARK_COUNT, type Landmark, poseFromLandmarks } from './landmarks.ts';

const landmarks = (changes: Record<number, Partial<Landmark>> = {}): Landmark[] =>
  Array.from({ length: LANDMARK_COUNT }, (_, i) => ({
    x: i / 100,
    y: i / 50,
    visibility: 0.9,
    ...changes[i],
  }));

describe("MediaPipe's landmarks as OpenPose's joints", () => {
  it("keeps the person's own right and left", () => {
    const pose = poseFromLandmarks(landmarks(), 200, 100);
    expect(point(pose, JOINT.nose)).toEqual({ x: 0, y: 0 });
    expect(point(pose, JOINT.rightWrist)).toEqual({ x: 32, y: 32 });
    expect(point(pose, JOINT.leftWrist)).toEqual({ x: 30, y: 30 });
    expect(point(pose, JOINT.rightEye).x).toBeCloseTo(10, 4);
    expect(point(pose, JOINT.leftAnkle).y).toBeCloseTo(54, 4);
  });

  it('puts the neck between the shoulders, as certain as the less certain one', () => {
    const pose = poseFromLandmarks(
      landmarks({ 11: { x: 0.6, y: 0.2 }, 12: { x: 0.4, y: 0.3, visibility: 0.5 } }),
      100,
      100,
    );
    expect(point(pose, JOINT.neck).x).toBeCloseTo(50, 4);
    expect(point(pose, JOINT.neck).y).toBeCloseTo(25, 4);
    expect(score(pose, JOINT.neck)).toBe(0.5);
  });

  it('marks what lies outside of the picture or is only guessed', () => {
    const pose = poseFromLandmarks(
      landmarks({ 27: { y: 1.1 }, 15: { x: -0.01 }, 16: { visibility: 0.01 } }),
      100,
      100,
    );
    expect([JOINT.leftAnkle, JOINT.leftWrist, JOINT.rightWrist].map((joint) => isSeen(pose, joint))).toEqual([
      false,
      false,
      false,
    ]);
    expect(isSeen(pose, JOINT.rightAnkle)).toBe(true);
  });
});
