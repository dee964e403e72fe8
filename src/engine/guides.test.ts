import { describe, expect, it } from 'vitest';
import { numbersOf, readTensors } from '../../tools/run-parts.ts';
import type { Pose } from '../pose/types.ts';
import { Guides } from './guides.ts';

describe("the retoucher's guides", async () => {
  const truth = await readTensors('fixtures/retoucher/io.safetensors');
  const photo = numbersOf(truth, 'photo');
  const [, , height = 0, width = 0] = photo.shape;
  const size = { width, height };
  const poseOf = (name: string): Pose => ({
    ...size,
    joints: Float32Array.from(numbersOf(truth, name).values),
  });
  const guides = new Guides(Float32Array.from(photo.values), poseOf('reference_joints'), size);

  it('are those of the training', () => {
    const made = guides.for(poseOf('target_joints'));
    for (const name of ['torso', 'limbs', 'nearness'] as const) {
      const expected = numbersOf(truth, name).values;
      const worst = made[name].reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      expect(worst, name).toBeLessThan(2e-4);
    }
  });

  it('show no face on a back', () => {
    const front = guides.for(poseOf('target_joints')).limbs;
    const { limbs } = guides.for(poseOf('back_joints'));
    const expected = numbersOf(truth, 'limbs_of_back').values;
    limbs.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 3));
    // At the head's middle: row 8, column 14.
    expect(Math.abs(limbs[8 * width + 14]! - front[8 * width + 14]!)).toBeGreaterThan(0.01);
  });

  it('leave the photo as it is in its own pose', () => {
    const { torso, limbs } = guides.for(poseOf('reference_joints'));
    for (const piece of [torso, limbs]) {
      piece.forEach((value, i) => expect(value).toBeCloseTo(photo.values[i]!, 4));
    }
  });

  it('show the photo where nobody is seen', () => {
    const nobody = { ...size, joints: new Float32Array(54) };
    const { torso, limbs, nearness } = guides.for(nobody);
    expect(torso).toEqual(Float32Array.from(photo.values));
    expect(limbs).toEqual(torso);
    expect(nearness.subarray(0, width * height).every((value) => value === 0)).toBe(true);
  });
});
