import { factorOf, type Matrix, singularValues, timesTransposed, zeros } from './matrix.ts';

/** Mean and covariance of features, gathered one vector at a time. */
export class Gaussian {
  readonly #size: number;
  /** As they came, while there are no more of them than a vector has numbers. */
  #rows: Float64Array[] = [];
  #count = 0;
  /** Afterwards: sums of what they are beyond the mean of the first ones, and of its products. */
  #shift: Float64Array | undefined;
  readonly #sums: Float64Array;
  #products: Matrix | undefined;

  constructor(size: number) {
    this.#size = size;
    this.#sums = new Float64Array(size);
  }

  get count(): number {
    return this.#count;
  }

  add(features: Float32Array | Float64Array): void {
    if (features.length !== this.#size) {
      throw new RangeError(`a vector of ${features.length} numbers among those of ${this.#size}`);
    }
    this.#count++;
    if (this.#shift) {
      this.#gather(features, this.#shift);
      return;
    }
    this.#rows.push(Float64Array.from(features));
    if (this.#rows.length <= this.#size) return;
    this.#shift = meanOf(this.#rows, this.#size);
    for (const row of this.#rows) this.#gather(row, this.#shift);
    this.#rows = [];
  }

  mean(): Float64Array {
    if (!this.#shift) return meanOf(this.#rows, this.#size);
    return this.#shift.map((value, i) => value + (this.#sums[i] as number) / this.#count);
  }

  /** Rows whose transpose times themselves is the covariance (over count - 1). */
  factor(): Matrix {
    const size = this.#size;
    if (this.#products) return factorOf(this.#covariance(this.#products));
    const mean = this.mean();
    const factor = zeros(this.#rows.length, size);
    const scale = 1 / Math.sqrt(Math.max(this.#count - 1, 1));
    this.#rows.forEach((row, i) => {
      factor.values.set(
        row.map((value, j) => (value - (mean[j] as number)) * scale),
        i * size,
      );
    });
    return factor;
  }

  #covariance({ values }: Matrix): Matrix {
    const size = this.#size;
    const result = zeros(size, size);
    for (let i = 0; i < size; i++) {
      for (let j = i; j < size; j++) {
        const both = ((this.#sums[i] as number) * (this.#sums[j] as number)) / this.#count;
        const value = ((values[i * size + j] as number) - both) / (this.#count - 1);
        result.values[i * size + j] = value;
        result.values[j * size + i] = value;
      }
    }
    return result;
  }

  #gather(features: Float32Array | Float64Array, shift: Float64Array): void {
    const size = this.#size;
    this.#products ??= zeros(size, size);
    const { values } = this.#products;
    const beyond = Float64Array.from(features, (value, i) => value - (shift[i] as number));
    for (let i = 0; i < size; i++) {
      const one = beyond[i] as number;
      this.#sums[i] = (this.#sums[i] as number) + one;
      for (let j = i, at = i * size + i; j < size; j++, at++) {
        values[at] = (values[at] as number) + one * (beyond[j] as number);
      }
    }
  }
}

function meanOf(rows: readonly Float64Array[], size: number): Float64Array {
  const mean = new Float64Array(size);
  for (const row of rows) {
    for (let i = 0; i < size; i++) mean[i] = (mean[i] as number) + (row[i] as number);
  }
  return mean.map((value) => value / rows.length);
}

/**
 * The Fréchet distance of two Gaussians: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). With C = F'F the last trace is the
 * sum of the singular values of F1 F2'. So neither a product of covariances nor its root is ever formed: a general
 * matrix square root loses half the digits where few samples leave most directions without any variance.
 */
export function frechetDistance(one: Gaussian, other: Gaussian): number {
  const [factor1, factor2] = [one.factor(), other.factor()];
  const mean2 = other.mean();
  const between = one.mean().reduce((sum, value, i) => sum + (value - (mean2[i] as number)) ** 2, 0);
  const shared = singularValues(timesTransposed(factor1, factor2)).reduce((sum, value) => sum + value, 0);
  // What is left of equal sets is rounding, of either sign.
  return Math.max(between + squares(factor1) + squares(factor2) - 2 * shared, 0);
}

const squares = ({ values }: Matrix) => values.reduce((sum, value) => sum + value * value, 0);
