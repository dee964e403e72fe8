import { describe, expect, it } from 'vitest';
import { frechetCases, frechetOf } from '../../tools/frechet-fixture.ts';
import { frechetDistance, Gaussian } from './frechet.ts';
import { factorOf, singularValues, timesTransposed, zeros } from './matrix.ts';

const gaussianOf = (rows: readonly (readonly number[])[]) => {
  const result = new Gaussian(rows[0]?.length ?? 0);
  for (const row of rows) result.add(Float64Array.from(row));
  return result;
};
const rowsOf = (seed: number, count: number, size: number) =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: size }, (_, j) => Math.sin(seed + 12.9898 * i + 78.233 * j * (1 + i))),
  );

describe('Fréchet distance', () => {
  it.each(frechetCases().filter(({ size }) => size < 100))(
    "is SciPy's: $size numbers, $counts vectors, $copies copies",
    (fixture) => {
      expect(frechetOf(fixture) / fixture.exact).toBeCloseTo(1, 9);
    },
  );

  it('is known where only one number varies', () => {
    // Variances 1 and 9, means 0 and 2: 4 + (1 - 3)^2.
    const [one, other] = [[-1, 0, 1].map((x) => [x, 7]), [-1, 2, 5].map((x) => [x, 7])];
    expect(frechetDistance(gaussianOf(one), gaussianOf(other))).toBeCloseTo(8, 12);
  });

  it('is nothing between equal sets, few or many, in any order', () => {
    for (const count of [3, 40]) {
      const rows = rowsOf(1, count, 8);
      expect(frechetDistance(gaussianOf(rows), gaussianOf([...rows].reverse()))).toBeLessThan(1e-9);
    }
  });

  it('is the distance of the means for single vectors', () => {
    expect(frechetDistance(gaussianOf([[1, 2]]), gaussianOf([[4, 6]]))).toBe(25);
  });

  it('refuses vectors of another length', () => {
    expect(() => gaussianOf([[1, 2]]).add(Float64Array.of(1))).toThrow('a vector of 1 numbers');
  });
});

describe('singular values', () => {
  it('are those of a matrix whose parts are known', () => {
    const values = Float64Array.of(3, 0, 0, 0, 0, 4);
    expect([...singularValues({ rows: 3, columns: 2, values })]).toEqual(
      [3, 4].map((x) => expect.closeTo(x, 12)),
    );
    expect([...singularValues({ rows: 2, columns: 3, values })]).toEqual(
      [3, 4].map((x) => expect.closeTo(x, 12)),
    );
    expect([...singularValues(zeros(4, 3))]).toEqual([0, 0, 0]);
  });

  it('keep their squares and their number', () => {
    const rows = rowsOf(3, 17, 11);
    const matrix = { rows: 17, columns: 11, values: Float64Array.from(rows.flat()) };
    const squares = singularValues(matrix).reduce((sum, value) => sum + value * value, 0);
    expect(squares).toBeCloseTo(
      rows.flat().reduce((sum, value) => sum + value * value, 0),
      10,
    );
  });
});

describe('the factor of a covariance', () => {
  it('gives it back and has as many rows as its rank', () => {
    const rows = rowsOf(5, 4, 9);
    const factor = { rows: 4, columns: 9, values: Float64Array.from(rows.flat()) };
    const gram = (matrix: typeof factor) => {
      const turned = zeros(9, matrix.rows);
      for (let i = 0; i < matrix.rows; i++)
        for (let j = 0; j < 9; j++) turned.values[j * matrix.rows + i] = matrix.values[i * 9 + j]!;
      return timesTransposed(turned, turned);
    };
    const covariance = gram(factor);
    const found = factorOf({ ...covariance, values: covariance.values.slice() });
    expect(found.rows).toBe(4);
    gram(found).values.forEach((value, i) => {
      expect(value).toBeCloseTo(covariance.values[i]!, 12);
    });
  });
});
