import { readFileSync } from 'node:fs';
import { frechetDistance, Gaussian } from '../src/metrics/frechet.ts';

/** The cases of fixtures/judges/frechet.json, as tools/frechet-fixture.py made them. */

export interface FrechetCase {
  readonly size: number;
  readonly counts: readonly [number, number];
  /** How many of a vector's last numbers repeat its first ones. */
  readonly copies: number;
  /** SciPy's number by singular values, and by its general matrix square root. */
  readonly exact: number;
  readonly root?: number;
}

export const frechetCases = (): readonly FrechetCase[] =>
  JSON.parse(readFileSync('fixtures/judges/frechet.json', 'utf8'));

export function frechetOf({ size, counts, copies }: FrechetCase): number {
  const [one, other] = counts.map((count, i) => gaussian(i + 1, count, size, copies));
  return frechetDistance(one as Gaussian, other as Gaussian);
}

function gaussian(seed: number, count: number, size: number, copies: number): Gaussian {
  const result = new Gaussian(size);
  for (let row = 0; row < count; row++) {
    const even = Float64Array.from({ length: size }, (_, i) =>
      evenNumber(row * size + i + seed * 0x9e3779b9),
    );
    const mixed = even.map((value, i) => (value + 0.5 * (even[(i + 1) % size] as number)) / (1 + 0.01 * i));
    if (copies > 0) mixed.set(mixed.slice(0, copies), size - copies);
    result.add(mixed.map((value) => value * (1 + 0.1 * seed) + 0.02 * seed));
  }
  return result;
}

/** 0 to 1, from a hash of a place. */
function evenNumber(place: number): number {
  let hash = (place % 2 ** 32) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}
