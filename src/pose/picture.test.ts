import { expect, test } from 'vitest';
import { columnsOf } from './picture.ts';

test('cuts a widened mask back to its picture, each pixel its own', () => {
  const wide = Float32Array.from([0, 0.5, 1, 9, 1, 0.25, 0, 9]);
  expect([...columnsOf(wide, 4, 3)]).toEqual([0, 128, 255, 255, 64, 0]);
  expect([
    ...columnsOf(
      wide.map((share) => share / 9),
      4,
      4,
    ),
  ]).toHaveLength(8);
});
