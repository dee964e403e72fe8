import { expect, it } from 'vitest';
import { steadyFrames } from './save.ts';

it('holds a frame where those behind it are missing, so that a film that was cut short keeps its pace', () => {
  expect(steadyFrames([0, 1, 2])).toEqual([0, 1, 2]);
  expect(steadyFrames([0, 1, 4, 5])).toEqual([0, 1, 1, 1, 4, 5]);
  expect(steadyFrames([3, 5])).toEqual([3, 3, 5]);
  expect(steadyFrames([])).toEqual([]);
});
