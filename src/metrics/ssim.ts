import { expectSameSize, type Mask, meanOver, type Picture, plane } from './picture.ts';

const RADIUS = 5;
const SIGMA = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/**
 * Structural similarity (Wang et al. 2004): Gaussian windows of 11x11, sigma 1.5, the mean of the three colours. Only
 * windows that lie wholly in the picture count; with a mask, those whose centre it marks.
 */
export function ssim(a: Picture, b: Picture, mask?: Mask): number {
  expectSameSize(a, b, mask);
  const maps = ([0, 1, 2] as const).map((channel) => similarity(plane(a, channel), plane(b, channel), a));
  return meanOver(
    a,
    mask,
    (x, y) => maps.reduce((sum, map) => sum + (map[y * a.width + x] as number), 0) / 3,
    RADIUS,
  );
}

function similarity(a: Float64Array, b: Float64Array, { width, height }: Picture): Float64Array {
  const smooth = (values: Float64Array) => blur(values, width, height);
  const product = (x: Float64Array, y: Float64Array) => x.map((value, i) => value * (y[i] as number));
  const [meanA, meanB] = [smooth(a), smooth(b)];
  const [squareA, squareB, cross] = [smooth(product(a, a)), smooth(product(b, b)), smooth(product(a, b))];
  return meanA.map((ma, i) => {
    const mb = meanB[i] as number;
    const varianceA = (squareA[i] as number) - ma * ma;
    const varianceB = (squareB[i] as number) - mb * mb;
    const covariance = (cross[i] as number) - ma * mb;
    return (
      ((2 * ma * mb + C1) * (2 * covariance + C2)) / ((ma * ma + mb * mb + C1) * (varianceA + varianceB + C2))
    );
  });
}

const WEIGHTS = (() => {
  const raw = Array.from({ length: 2 * RADIUS + 1 }, (_, i) =>
    Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)),
  );
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => weight / total);
})();

/** Along rows, then along columns. What lies within a radius of the edge is not meaningful. */
function blur(values: Float64Array, width: number, height: number): Float64Array {
  const along = (source: Float64Array, step: number) => {
    const result = new Float64Array(source.length);
    for (let i = RADIUS * step; i < source.length - RADIUS * step; i++) {
      let sum = 0;
      for (let k = -RADIUS; k <= RADIUS; k++) {
        sum += (WEIGHTS[k + RADIUS] as number) * (source[i + k * step] as number);
      }
      result[i] = sum;
    }
    return result;
  };
  return height > 2 * RADIUS ? along(along(values, 1), width) : new Float64Array(values.length);
}
