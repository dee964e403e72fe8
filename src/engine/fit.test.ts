import { describe, expect, it } from 'vitest';
import { fitPose, placeInside } from './fit.ts';

describe('placing a picture inside a frame', () => {
  it.each([
    [
      { width: 512, height: 512 },
      { width: 256, height: 256 },
      { scale: 0.5, x: 0, y: 0 },
    ],
    [
      { width: 100, height: 200 },
      { width: 256, height: 256 },
      { scale: 1.28, x: 64, y: 0 },
    ],
    [
      { width: 400, height: 100 },
      { width: 256, height: 256 },
      { scale: 0.64, x: 0, y: 96 },
    ],
    [
      { width: 90, height: 160 },
      { width: 320, height: 192 },
      { scale: 1.2, x: 106, y: 0 },
    ],
  ])('%o in %o', (picture, frame, placement) => {
    expect(placeInside(picture, frame)).toEqual(placement);
  });
});

describe('fitting a pose', () => {
  const joints = new Float32Array(54);
  joints.set([50, 100, 0.9, 0, 0, 1, 100, 200, 0]);

  it('moves joints as the picture moves, and keeps scores', () => {
    const fitted = fitPose({ width: 100, height: 200, joints }, { width: 256, height: 256 });
    expect(fitted).toMatchObject({ width: 256, height: 256 });
    expect([...fitted.joints.slice(0, 9)].map((value) => +value.toFixed(4))).toEqual([
      128, 128, 0.9, 64, 0, 1, 192, 256, 0,
    ]);
  });

  it('leaves the pose that it was given alone', () => {
    const before = joints.slice();
    fitPose({ width: 100, height: 200, joints }, { width: 64, height: 64 });
    expect(joints).toEqual(before);
  });
});
