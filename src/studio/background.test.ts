import { expect, it } from 'vitest';
import { standing } from '../live/testing/bodies.ts';
import type { Outlined } from '../pose/detector.ts';
import { nearest } from './background.ts';

const outlined = (shift: number): Outlined => ({
  pose: standing({ size: 256, shift }),
  outline: { width: 1, height: 1, alpha: Uint8Array.of(255) },
});

it('finds a person again by their place, in whichever order people come this time', () => {
  const [left, right] = [outlined(-0.2), outlined(0.2)];
  const person = standing({ size: 256, shift: 0.19 });
  expect(nearest([left, right], person)).toBe(right);
  expect(nearest([right, left], person)).toBe(right);
  expect(nearest([], person)).toBeUndefined();
});
