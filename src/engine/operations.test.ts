import { describe, expect, it } from 'vitest';
import { OPERATIONS } from './operations.ts';

const values = (shape: readonly number[], ...data: number[]) => ({ shape, data: Float32Array.from(data) });

describe('a warp', () => {
  const picture = values([1, 2, 2, 3], ...[0, 1, 2, 10, 11, 12], ...[5, 5, 5, 7, 7, 7]);
  const through = (...flow: number[]) => {
    const count = flow.length / 2;
    const read = OPERATIONS.warp([picture, values([1, 2, 1, count], ...flow)]);
    return [...read].map((value) => Number(value.toFixed(4)));
  };

  it("reads pixels at their middles, in shares of the picture's size", () => {
    const [first, last] = [0.5 / 3, 2.5 / 3];
    expect(through(first, last, 0.25, 0.75)).toEqual([0, 12, 5, 7]);
  });

  it('mixes between them', () => {
    const [a, b] = through(1 / 3, 0.5);
    expect(a).toBeCloseTo(5.5, 5);
    expect(b).toBeCloseTo(6, 5);
  });

  it('goes on with the edge outside', () => {
    expect(through(-3, 9, 0.25, 2)).toEqual([0, 12, 5, 7]);
  });
});

describe('a blend', () => {
  it('has one mask for all channels, or one for each', () => {
    const [x, y] = [values([1, 2, 1, 2], 1, 2, 3, 4), values([1, 2, 1, 2], 5, 6, 7, 8)];
    const shape = [1, 2, 1, 2];
    expect([...OPERATIONS.blend([values([1, 1, 1, 2], 1, 0), x, y])]).toEqual([1, 6, 3, 8]);
    expect([...OPERATIONS.blend([values(shape, 0, 0.5, 1, 0), x, y])]).toEqual([5, 4, 3, 8]);
  });
});

describe('columns', () => {
  it('are laid side by side, and cropped', () => {
    const [left, right] = [values([1, 1, 2, 2], 1, 2, 3, 4), values([1, 1, 2, 1], 5, 6)];
    const wide = OPERATIONS.columns([left, right], [1, 1, 2, 3], [3, 0]);
    expect([...wide]).toEqual([1, 2, 5, 3, 4, 6]);
  });
});
