/** Rows of numbers one after another. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array<ArrayBuffer>;
}

export const zeros = (rows: number, columns: number): Matrix => ({
  rows,
  columns,
  values: new Float64Array(rows * columns),
});

const rowOf = ({ columns, values }: Matrix, row: number): Float64Array =>
  values.subarray(row * columns, (row + 1) * columns);

function dot(a: Float64Array, b: Float64Array, from = 0): number {
  // Four sums at a time: a single one waits for itself at every step.
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = from;
  for (; i + 3 < a.length; i += 4) {
    s0 += (a[i] as number) * (b[i] as number);
    s1 += (a[i + 1] as number) * (b[i + 1] as number);
    s2 += (a[i + 2] as number) * (b[i + 2] as number);
    s3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (; i < a.length; i++) s0 += (a[i] as number) * (b[i] as number);
  return s0 + s1 + (s2 + s3);
}

/** Adds a multiple of one row to another. */
function addTo(row: Float64Array, factor: number, other: Float64Array, from = 0): void {
  for (let i = from; i < row.length; i++) row[i] = (row[i] as number) + factor * (other[i] as number);
}

const TILE = 32;

/** a times the transpose of b. */
export function timesTransposed(a: Matrix, b: Matrix): Matrix {
  const product = zeros(a.rows, b.rows);
  for (let top = 0; top < a.rows; top += TILE) {
    for (let left = 0; left < b.rows; left += TILE) {
      for (let i = top; i < Math.min(top + TILE, a.rows); i++) {
        const row = rowOf(a, i);
        for (let j = left; j < Math.min(left + TILE, b.rows); j++)
          product.values[i * b.rows + j] = dot(row, rowOf(b, j));
      }
    }
  }
  return product;
}

/**
 * Rows whose transpose times themselves is a matrix that has no negative direction, as many as it has rank: Cholesky's
 * way, the largest of what is left first. The matrix is used up.
 */
export function factorOf(matrix: Matrix): Matrix {
  const size = matrix.rows;
  const isLeft = new Uint8Array(size).fill(1);
  const at = (i: number) => matrix.values[i * size + i] as number;
  let least = 0;
  for (let i = 0; i < size; i++) least = Math.max(least, at(i));
  least *= size * Number.EPSILON;
  const found: Float64Array[] = [];
  while (found.length < size) {
    let pivot = -1;
    for (let i = 0; i < size; i++) if (isLeft[i] && (pivot < 0 || at(i) > at(pivot))) pivot = i;
    if (pivot < 0 || !(at(pivot) > least)) break;
    const scale = 1 / Math.sqrt(at(pivot));
    const row = rowOf(matrix, pivot).map((value) => value * scale);
    isLeft[pivot] = 0;
    for (let i = 0; i < size; i++) {
      if (!isLeft[i]) row[i] = i === pivot ? (row[i] as number) : 0;
      else addTo(rowOf(matrix, i), -(row[i] as number), row);
    }
    found.push(row);
  }
  const factor = zeros(found.length, size);
  found.forEach((row, i) => {
    factor.values.set(row, i * size);
  });
  return factor;
}

/** All of them, the largest ones exact to the last digits and the small ones no less in absolute terms. */
export function singularValues(matrix: Matrix): Float64Array {
  const tall = matrix.rows >= matrix.columns ? copy(matrix) : transpose(matrix);
  const { diagonal, above } = bidiagonal(tall);
  const size = diagonal.length;
  // A bidiagonal matrix beside its transpose, shuffled, is tridiagonal: its eigenvalues are the values, with both signs.
  const links = new Float64Array(2 * size);
  for (let i = 0; i < size; i++) {
    links[2 * i] = diagonal[i] as number;
    links[2 * i + 1] = i + 1 < size ? (above[i] as number) : 0;
  }
  return eigenvalues(new Float64Array(2 * size), links)
    .sort()
    .subarray(size)
    .map(Math.abs);
}

const copy = (matrix: Matrix): Matrix => ({ ...matrix, values: matrix.values.slice() });

function transpose({ rows, columns, values }: Matrix): Matrix {
  const turned = zeros(columns, rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) turned.values[j * rows + i] = values[i * columns + j] as number;
  return turned;
}

/** Householder's reflections from both sides. The matrix has at least as many rows as columns and is used up. */
function bidiagonal(matrix: Matrix): { diagonal: Float64Array; above: Float64Array } {
  const { rows, columns, values } = matrix;
  const diagonal = new Float64Array(columns);
  const above = new Float64Array(columns);
  const left = new Float64Array(rows);
  const seen = new Float64Array(columns);
  for (let k = 0; k < columns; k++) {
    for (let i = k; i < rows; i++) left[i] = values[i * columns + k] as number;
    diagonal[k] = reflect(left, k);
    seen.fill(0, k);
    for (let i = k; i < rows; i++) addTo(seen, left[i] as number, rowOf(matrix, i), k + 1);
    const right = rowOf(matrix, k).slice();
    addTo(right, -(left[k] as number), seen, k + 1);
    if (k + 1 < columns) above[k] = reflect(right, k + 1);
    for (let i = k + 1; i < rows; i++) {
      const row = rowOf(matrix, i);
      addTo(row, -(left[i] as number), seen, k + 1);
      addTo(row, -dot(row, right, k + 1), right, k + 1);
    }
  }
  return { diagonal, above };
}

/**
 * Makes a vector, from one place on, the one whose outer product with itself, taken from the identity, mirrors it onto
 * that place; returns what stands there then.
 */
function reflect(vector: Float64Array, from: number): number {
  let largest = 0;
  for (let i = from; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i] as number));
  if (largest === 0) return 0;
  let squares = 0;
  for (let i = from; i < vector.length; i++) squares += ((vector[i] as number) / largest) ** 2;
  const first = vector[from] as number;
  const length = largest * Math.sqrt(squares);
  const end = first > 0 ? -length : length;
  const scale = 1 / Math.sqrt(length * (length + Math.abs(first)));
  vector[from] = first - end;
  for (let i = from; i < vector.length; i++) vector[i] = (vector[i] as number) * scale;
  return end;
}

const MOST_ROUNDS = 60;

/** Of the tridiagonal matrix with this diagonal and these numbers beside it, by implicit QL. Both are used up. */
function eigenvalues(diagonal: Float64Array, beside: Float64Array): Float64Array {
  const size = diagonal.length;
  const d = (i: number) => diagonal[i] as number;
  const e = (i: number) => beside[i] as number;
  // Chains of exact zeros have no scale of their own to be small against.
  const largest = beside.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let start = 0; start < size; start++) {
    for (let round = 0; ; round++) {
      let end = start;
      while (end < size - 1) {
        const scale = Math.max(Math.abs(d(end)) + Math.abs(d(end + 1)), largest * Number.EPSILON);
        if (Math.abs(e(end)) <= Number.EPSILON * scale) break;
        end++;
      }
      if (end === start) break;
      if (round === MOST_ROUNDS) throw new Error('the eigenvalues of a matrix were not found');
      const lean = (d(start + 1) - d(start)) / (2 * e(start));
      let g = d(end) - d(start) + e(start) / (lean + Math.sign(lean || 1) * Math.hypot(lean, 1));
      let [s, c, p] = [1, 1, 0];
      let i = end - 1;
      for (; i >= start; i--) {
        const [f, b] = [s * e(i), c * e(i)];
        const r = Math.hypot(f, g);
        beside[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1] = d(i + 1) - p;
          beside[end] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d(i + 1) - p;
        const turn = (d(i) - g) * s + 2 * c * b;
        p = s * turn;
        diagonal[i + 1] = g + p;
        g = c * turn - b;
      }
      if (i >= start) continue;
      diagonal[start] = d(start) - p;
      beside[start] = g;
      beside[end] = 0;
    }
  }
  return diagonal;
}
