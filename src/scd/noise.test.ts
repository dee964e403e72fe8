import { describe, expect, it } from 'vitest';
import { gaussianNoise, philox4x32 } from './noise.ts';

const hex = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, '0')).join(' ');

describe('Philox4x32-10', () => {
  // The known answers that its authors publish with it.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ] as const)('%o under %o', (counter, key, words) => {
    expect(hex(philox4x32(counter, key))).toBe(words);
  });
});

describe('Gaussian noise', () => {
  const noise = gaussianNoise(100_000, 7);
  const moment = (power: number) => noise.reduce((sum, value) => sum + value ** power, 0) / noise.length;

  it('has the moments of a standard normal', () => {
    expect(moment(1)).toBeCloseTo(0, 1.5);
    expect(moment(2)).toBeCloseTo(1, 1.5);
    expect(moment(3)).toBeCloseTo(0, 1);
    expect(moment(4)).toBeCloseTo(3, 0.5);
  });

  it('does not correlate with its neighbours', () => {
    const product = noise.slice(1).reduce((sum, value, i) => sum + value * (noise[i] ?? 0), 0);
    expect(product / noise.length).toBeCloseTo(0, 1.5);
  });

  it('depends on seed and stream alone', () => {
    expect(gaussianNoise(64, 3)).toEqual(gaussianNoise(64, 3));
    expect(gaussianNoise(10, 3)).toEqual(gaussianNoise(64, 3).slice(0, 10));
    expect(gaussianNoise(64, 4)).not.toEqual(gaussianNoise(64, 3));
    expect(gaussianNoise(64, 3, 1)).not.toEqual(gaussianNoise(64, 3));
    expect(gaussianNoise(64, 3 + 2 ** 32)).not.toEqual(gaussianNoise(64, 3));
    expect(gaussianNoise(64, -1)).not.toEqual(gaussianNoise(64, 1));
  });

  it('is each frame of a clip its own, and the first one is what all share elsewhere', () => {
    expect(gaussianNoise(64, 3, 0, 0)).toEqual(gaussianNoise(64, 3));
    const frames = [0, 1, 2, 3].map((frame) => gaussianNoise(4096, 3, 0, frame));
    const pairs = [0, 1, 2].flatMap((i) => frames.slice(i + 1).map((other) => [frames[i]!, other] as const));
    for (const [a, b] of pairs) {
      const product = a.reduce((sum, value, i) => sum + value * b[i]!, 0) / a.length;
      expect(Math.abs(product)).toBeLessThan(0.05);
    }
  });

  it('stays as it is: saved seeds must keep their pictures', () => {
    expect(Array.from(gaussianNoise(4, 1), (value) => value.toFixed(6))).toMatchInlineSnapshot(`
      [
        "0.380401",
        "-0.296278",
        "-0.249233",
        "-1.003837",
      ]
    `);
  });
});
