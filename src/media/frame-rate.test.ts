import { describe, expect, it } from 'vitest';
import { rateOf } from './frame-rate.ts';

const times = (count: number, at: (i: number) => number) => Array.from({ length: count }, (_, i) => at(i));

describe('the frame rate of a clip', () => {
  it('is the usual one that is nearest, though WebM rounds its times', () => {
    const rounded = times(200, (i) => Math.round((i * 1001000) / 30000) / 1000);
    expect(rateOf(rounded)).toEqual({ frameRate: 30_000 / 1001, variableFrameRate: false });
    expect(rateOf(times(50, (i) => i / 25))).toEqual({ frameRate: 25, variableFrameRate: false });
  });

  it('is not lowered by the holes at the end of a clip that was cut without encoding it again', () => {
    const cut = times(79, (i) => i / 25).filter((_, i) => i !== 74 && i !== 76);
    expect(rateOf(cut)).toEqual({ frameRate: 25, variableFrameRate: false });
  });

  it('may be unusual', () => {
    expect(rateOf(times(50, (i) => i / 17)).frameRate).toBeCloseTo(17, 6);
  });

  it('is found in frames that are stored out of order', () => {
    const stored = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8].map((i) => i / 25);
    expect(rateOf(stored)).toEqual({ frameRate: 25, variableFrameRate: false });
  });

  it('varies when frames last differently', () => {
    expect(rateOf(times(60, (i) => (i < 30 ? i : 30 + 2 * (i - 30)) / 30)).variableFrameRate).toBe(true);
  });

  it('stands even for a single frame', () => {
    expect(rateOf([0])).toEqual({ frameRate: 1, variableFrameRate: false });
  });
});
