import { expect, it } from 'vitest';
import { bytes, clock, duration, secondsEach } from './words.ts';

it('writes times as people read them', () => {
  expect(clock(0)).toBe('0:00.0');
  expect(clock(65.25)).toBe('1:05.3');
  expect(clock(59.99)).toBe('1:00.0');
  expect(duration(0.2)).toBe('1 s');
  expect(duration(75)).toBe('1 min');
  expect(duration(7300)).toBe('2 h 2 min');
  expect(secondsEach(0.1)).toBe('10 frames a second');
  expect(secondsEach(0.7)).toBe('0.7 s a frame');
  expect(secondsEach(2.345)).toBe('2.3 s a frame');
  expect(bytes(24_000_000)).toBe('24 MB');
});
