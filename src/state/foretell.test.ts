import { expect, test } from 'vitest';
import { expected, withPace } from './foretell.ts';

const small = { width: 256, height: 256, steps: 4 };

test('foretells from the most similar work that was done here', () => {
  expect(expected([], small)).toBeNull();
  const known = withPace([], { ...small, seconds: 0.9 });
  expect(expected(known, small)).toBe(0.9);
  // Four times the pixels; and more steps, of which the rest of a frame is no part.
  expect(expected(known, { ...small, width: 512, height: 512 })).toBeCloseTo(3.6);
  expect(expected(known, { ...small, steps: 10 })).toBeCloseTo(1.8);
  expect(expected(known, { width: 1024, height: 1024, steps: 4 })).toBeNull();
  const both = withPace(known, { ...small, steps: 10, seconds: 2.5 });
  expect(expected(both, { ...small, steps: 10 })).toBe(2.5);
});

test('keeps the newest of each kind of work, and not too many', () => {
  let known = withPace([], { ...small, seconds: 5 });
  known = withPace(known, { ...small, seconds: 1 });
  expect(known).toEqual([{ ...small, seconds: 1 }]);
  for (let steps = 1; steps < 40; steps++) known = withPace(known, { ...small, steps, seconds: steps });
  expect(known.length).toBeLessThan(20);
  expect(known[0]?.steps).toBe(39);
});
