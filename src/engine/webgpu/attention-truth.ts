/** One attention's tensors, each [tokens, heads * headSize]; the reference's may be empty. */
export interface AttentionCase {
  readonly heads: number;
  readonly headSize: number;
  readonly query: Float32Array;
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly referenceKey: Float32Array;
  readonly referenceValue: Float32Array;
}

/** softmax(q [Kr; K]^T / sqrt(headSize)) [Vr; V] in float64, word for word: what every kernel is held against. */
export function attentionTruth(from: AttentionCase): Float64Array {
  const { heads, headSize, query } = from;
  const width = heads * headSize;
  const sources = [
    { key: from.referenceKey, value: from.referenceValue },
    { key: from.key, value: from.value },
  ];
  const rows = sources.flatMap(({ key, value }) =>
    Array.from({ length: key.length / width }, (_, row) => ({ key, value, at: row * width })),
  );
  const result = new Float64Array(query.length);
  const weights = new Float64Array(rows.length);
  for (let q = 0; q < query.length; q += width) {
    for (let head = 0; head < width; head += headSize) {
      let highest = Number.NEGATIVE_INFINITY;
      rows.forEach(({ key, at }, row) => {
        let score = 0;
        for (let i = head; i < head + headSize; i++) score += (query[q + i] ?? 0) * (key[at + i] ?? 0);
        weights[row] = score / Math.sqrt(headSize);
        highest = Math.max(highest, score / Math.sqrt(headSize));
      });
      let total = 0;
      for (let row = 0; row < rows.length; row++) {
        const weight = Math.exp((weights[row] ?? 0) - highest);
        weights[row] = weight;
        total += weight;
      }
      rows.forEach(({ value, at }, row) => {
        const weight = (weights[row] ?? 0) / total;
        for (let i = head; i < head + headSize; i++) {
          result[q + i] = (result[q + i] ?? 0) + weight * (value[at + i] ?? 0);
        }
      });
    }
  }
  return result;
}

/** Squared error over the truth's own square. */
export function normalisedError(found: Float32Array, truth: Float64Array): number {
  let error = 0;
  let power = 0;
  truth.forEach((value, i) => {
    error += ((found[i] ?? Number.NaN) - value) ** 2;
    power += value ** 2;
  });
  return error / power;
}
