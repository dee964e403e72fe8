import { describe, expect, it } from 'vitest';
import { flicker, l1, psnr } from './difference.ts';
import type { Picture } from './picture.ts';
import { sharpness } from './sharpness.ts';
import { ssim } from './ssim.ts';

function picture(
  width: number,
  height: number,
  colour: (x: number, y: number, channel: number) => number,
): Picture {
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++)
        data[4 * (y * width + x) + channel] = colour(x, y, channel);
    }
  }
  return { width, height, data };
}

const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

function noisy(size: number, seed: number): Picture {
  const next = random(seed);
  return picture(size, size, (x, y) => 40 + 8 * x + 3 * y + 60 * next());
}

const grey = (value: number) => picture(16, 16, () => value);
const leftHalf = new Uint8Array(256).map((_, i) => (i % 16 < 8 ? 1 : 0));

describe('PSNR and L1', () => {
  it('follow from the difference', () => {
    expect(l1(grey(100), grey(110))).toBe(10);
    expect(psnr(grey(100), grey(110))).toBeCloseTo(20 * Math.log10(255 / 10), 10);
    expect(psnr(grey(100), grey(100))).toBe(Number.POSITIVE_INFINITY);
  });

  it('look at the masked pixels alone, and never at alpha', () => {
    const half = picture(16, 16, (x) => (x < 8 ? 104 : 255));
    (half.data as Uint8ClampedArray)[3] = 0;
    expect(l1(grey(100), half, leftHalf)).toBe(4);
    expect(psnr(grey(100), half, leftHalf)).toBeCloseTo(20 * Math.log10(255 / 4), 10);
    expect(l1(grey(100), half, new Uint8Array(256))).toBeNaN();
  });

  it('refuse pictures and masks of different sizes', () => {
    expect(() =>
      psnr(
        grey(1),
        picture(8, 8, () => 1),
      ),
    ).toThrow('16x16');
    expect(() => psnr(grey(1), grey(1), new Uint8Array(3))).toThrow('mask');
  });
});

/** The definition, window by window. */
function slowSsim(a: Picture, b: Picture, mask?: Uint8Array): number {
  const values: number[] = [];
  for (let cy = 5; cy < a.height - 5; cy++) {
    for (let cx = 5; cx < a.width - 5; cx++) {
      if (mask && mask[cy * a.width + cx] === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        let [total, ma, mb, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
        for (let dy = -5; dy <= 5; dy++) {
          for (let dx = -5; dx <= 5; dx++) {
            const weight = Math.exp(-(dx * dx + dy * dy) / (2 * 1.5 ** 2));
            const at = 4 * ((cy + dy) * a.width + cx + dx) + channel;
            const [pa, pb] = [a.data[at]!, b.data[at]!];
            total += weight;
            ma += weight * pa;
            mb += weight * pb;
            aa += weight * pa * pa;
            bb += weight * pb * pb;
            ab += weight * pa * pb;
          }
        }
        [ma, mb, aa, bb, ab] = [ma / total, mb / total, aa / total, bb / total, ab / total];
        const [c1, c2] = [6.5025, 58.5225];
        values.push(
          ((2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2)) /
            ((ma * ma + mb * mb + c1) * (aa - ma * ma + bb - mb * mb + c2)),
        );
      }
    }
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('SSIM', () => {
  it('is one for equal pictures', () => expect(ssim(noisy(20, 1), noisy(20, 1))).toBeCloseTo(1, 12));

  it('follows its definition, over all and over a mask', () => {
    const [a, b] = [noisy(20, 1), noisy(20, 2)];
    const mask = new Uint8Array(400).map((_, i) => (i % 3 === 0 ? 255 : 0));
    expect(ssim(a, b)).toBeCloseTo(slowSsim(a, b), 9);
    expect(ssim(a, b, mask)).toBeCloseTo(slowSsim(a, b, mask), 9);
    expect(ssim(a, b)).toBeLessThan(0.95);
  });
});

describe('sharpness', () => {
  it('is the slope of a ramp, and blur lowers it', () => {
    expect(sharpness(picture(16, 16, (x) => 5 * x))).toBeCloseTo(5, 10);
    expect(sharpness(picture(16, 16, (x, y) => 3 * x + 4 * y))).toBeCloseTo(5, 10);
    const edge = picture(16, 16, (x, y) => ((x + y) % 4 < 2 ? 0 : 200));
    const soft = picture(16, 16, (x, y) => ((x + y) % 4 < 2 ? 80 : 120));
    expect(sharpness(soft) / sharpness(edge)).toBeCloseTo(0.2, 10);
  });
});

describe('flicker', () => {
  it('is the mean change between neighbouring frames where the mask is', () => {
    const moving = (value: number, still: number) => picture(16, 16, (x) => (x < 8 ? still : value));
    expect(flicker([grey(10), grey(14), grey(12)])).toBe(3);
    expect(flicker([moving(0, 50), moving(200, 51), moving(90, 50)], leftHalf)).toBe(1);
  });
});
