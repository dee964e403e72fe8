import { describe, expect, it } from 'vitest';
import type { Pose } from '../pose/types.ts';
import { frameAround, framePose, personBox } from './framing.ts';

function standing(x: number, top: number, bottom: number, width: number, height: number): Pose {
  const joints = new Float32Array(54);
  joints.set([x, top, 1], 0);
  joints.set([x, bottom, 1], 10 * 3);
  return { width, height, joints };
}

describe('frameAround', () => {
  const photo = { width: 400, height: 300 };

  it('fills the frame, with the person in it', () => {
    const pose = standing(350, 100, 200, 400, 300);
    const frame = { width: 256, height: 256 };
    const framing = frameAround(photo, personBox(pose), frame);
    expect(framing.scale).toBeCloseTo(256 / 300);
    // The photo's right edge is the frame's: a person that far right cannot be centred.
    expect(framing.x + 400 * framing.scale).toBeCloseTo(256);
    const framed = framePose(pose, framing, frame);
    expect(framed.joints[0]).toBeGreaterThan(128);
    expect(framed.joints[0]).toBeLessThan(256);
  });

  it('shows the whole photo where filling would cut the person', () => {
    const pose = standing(200, 10, 290, 400, 300);
    const framing = frameAround(photo, personBox(pose), { width: 320, height: 128 });
    expect(framing.scale).toBeCloseTo(128 / 300);
    expect(framing.x).toBeGreaterThan(0);
    expect(framing.y).toBeCloseTo(0);
  });
});
