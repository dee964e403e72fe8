import { expect, it } from 'vitest';
import { evenStrip } from './strip.ts';

it('keeps every picture at its own time, and fills what is missing from its neighbours', () => {
  const times = (...list: number[]) => list.map((time) => ({ time }));
  expect(evenStrip(times(1, 3, 5, 7), 4, 8)).toEqual(times(1, 3, 5, 7));
  expect(evenStrip(times(1, 3), 4, 8)).toEqual(times(1, 3, 3, 3));
  expect(evenStrip([], 4, 8)).toEqual([]);
});
