import { describe, expect, it } from 'vitest';
import type { Picture } from '../../src/metrics/picture.ts';
import type { Pose } from '../../src/pose/types.ts';
import { personMask, warpLimbs } from './limbs.ts';

const [WIDTH, HEIGHT] = [48, 64];

function figure(dx = 0, dy = 0): Pose {
  const at = [
    [24, 8],
    [24, 16],
    [18, 16],
    [14, 24],
    [12, 32],
    [30, 16],
    [34, 24],
    [36, 32],
    [20, 36],
    [20, 46],
    [20, 58],
    [28, 36],
    [28, 46],
    [28, 58],
    [23, 6],
    [25, 6],
    [22, 7],
    [26, 7],
  ];
  const joints = Float32Array.from(at.flatMap(([x = 0, y = 0]) => [x + dx, y + dy, 1]));
  return { width: WIDTH, height: HEIGHT, joints };
}

const picture: Picture = {
  width: WIDTH,
  height: HEIGHT,
  data: Uint8ClampedArray.from({ length: 4 * WIDTH * HEIGHT }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 251)),
};

describe('the limb-by-limb warp', () => {
  it('leaves a person alone who keeps the pose', () => {
    expect(warpLimbs(picture, figure(), figure())).toEqual(picture);
  });

  it('moves the body with the skeleton and leaves the far corner', () => {
    const ramp: Picture = {
      ...picture,
      data: picture.data.map((_, i) => (i % 4 === 3 ? 255 : 4 * ((i >> 2) % WIDTH))),
    };
    const moved = warpLimbs(ramp, figure(), figure(6));
    const at = (x: number, y: number) => moved.data[4 * (y * WIDTH + x)] as number;
    // The torso comes from six pixels further left.
    expect(at(30, 26)).toBeCloseTo(4 * 24, -0.9);
    expect(at(1, 62)).toBeCloseTo(4, -0.9);
  });

  it('follows only what both poses show', () => {
    const hidden = { ...figure(), joints: figure().joints.map((value, i) => (i % 3 === 2 ? 0 : value)) };
    expect(warpLimbs(picture, hidden, figure(6))).toEqual(picture);
  });
});

describe('the mask of a person', () => {
  it('covers the body and not the corners', () => {
    const mask = personMask(figure());
    expect(mask[26 * WIDTH + 24]).toBe(255);
    expect(mask[50 * WIDTH + 20]).toBe(255);
    expect(mask[0]).toBe(0);
    expect(mask[mask.length - 1]).toBe(0);
  });
});
