import { describe, expect, it } from 'vitest';
import { timeEmbedding } from './time.ts';

describe("diffusers' time embedding", () => {
  it('puts cosines first when flipped', () => {
    const flipped = timeEmbedding(500, 8, { flip_sin_to_cos: true, freq_shift: 0 });
    const plain = timeEmbedding(500, 8, { flip_sin_to_cos: false, freq_shift: 0 });
    expect([...flipped.slice(0, 4)]).toEqual([...plain.slice(4)]);
    expect([...flipped.slice(4)]).toEqual([...plain.slice(0, 4)]);
    expect(plain[0]).toBeCloseTo(Math.sin(500), 6);
    expect(plain[1]).toBeCloseTo(Math.sin(50), 6);
  });

  it('reaches a frequency of 1/10000 with a shift of 1', () => {
    const shifted = timeEmbedding(10_000, 8, { flip_sin_to_cos: false, freq_shift: 1 });
    expect(shifted[3]).toBeCloseTo(Math.sin(1), 6);
  });

  it('is all sines of 0 and cosines of 1 at time 0', () => {
    expect([...timeEmbedding(0, 4, { flip_sin_to_cos: true, freq_shift: 0 })]).toEqual([1, 1, 0, 0]);
  });
});
