import { describe, expect, it } from 'vitest';
import { nextGifFrame } from './gif.ts';

describe('frames of a GIF', () => {
  it('all come at rates a GIF can show', () => {
    for (const rate of [1, 12, 25, 50]) expect(nextGifFrame(7, rate)).toBe(8);
  });

  it('are left out where they come faster than every 20 ms', () => {
    const shown = [0];
    while (shown.at(-1) !== undefined && (shown.at(-1) ?? 0) < 60)
      shown.push(nextGifFrame(shown.at(-1) ?? 0, 60));
    const times = shown.map((frame) => Math.round((100 * frame) / 60));
    times.slice(1).forEach((time, i) => expect(time - (times[i] ?? 0)).toBeGreaterThanOrEqual(2));
    expect(shown.length).toBeGreaterThan(30);
  });
});
