import { describe, expect, it } from 'vitest';
import { narrowToHalves, widenBrains, widenHalves } from './float.ts';

const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);
const isNan = (half: number) => (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0;

/** The value of a half by its definition. */
function valueOfHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

describe('half floats', () => {
  it('widen exactly, every one of them', () => {
    const wide = widenHalves(everyHalf);
    for (const half of everyHalf) {
      if (!Object.is(wide[half], valueOfHalf(half))) throw new Error(`${half} became ${wide[half]}`);
    }
  });

  it('come back from f32 as they were', () => {
    const back = narrowToHalves(widenHalves(everyHalf));
    for (const half of everyHalf) {
      if (isNan(half) ? !isNan(back[half]!) : back[half] !== half)
        throw new Error(`${half} became ${back[half]}`);
    }
  });

  it('round to the nearest, ties to even', () => {
    for (let half = 0; half < 0x7bff; half += 7) {
      const [low, high] = [valueOfHalf(half), valueOfHalf(half + 1)];
      const middle = (low + high) / 2;
      const even = half & 1 ? half + 1 : half;
      const close = (high - low) / 1024;
      expect([...narrowToHalves(Float32Array.of(middle, middle - close, middle + close, -middle))]).toEqual([
        even,
        half,
        half + 1,
        even | 0x8000,
      ]);
    }
  });

  it('become infinite where f16 ends', () => {
    const halves = narrowToHalves(Float32Array.of(65504, 65519, 65520, 1e30, -1e30, Number.NaN, 1e-30));
    expect([...halves]).toEqual([0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 0x7e00, 0]);
  });
});

it('brain floats are the upper half of f32', () => {
  const values = Float32Array.of(1, -2.5, 0.15625, 3e38);
  const upper = new Uint32Array(values.buffer).map((bits) => bits >>> 16);
  const [one, minus, small, large] = widenBrains(Uint16Array.from(upper));
  expect([one, minus, small]).toEqual([1, -2.5, 0.15625]);
  expect(large! / 3e38).toBeCloseTo(1, 2);
});
