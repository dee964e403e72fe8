import type { AttentionCase } from '../../src/engine/webgpu/attention-truth.ts';

export const HEAD_SIZES = [32, 40, 64, 80, 128, 160];

export interface NamedCase extends AttentionCase {
  readonly name: string;
  /** Tokens of NaN that lie behind every input in its buffer: a kernel that reads past an end shows it. */
  readonly poison: number;
}

interface Pattern {
  readonly name: string;
  readonly queries: number;
  readonly keys: number;
  readonly reference: number;
  readonly heads?: number;
  /** How far logits lie apart: 0 makes them all equal, 30 lets one key win. */
  readonly contrast?: number;
  readonly ones?: boolean;
  readonly permuted?: boolean;
  readonly poison?: number;
}

/** Lengths around every tile and batch size that a variant uses, with and without a reference. */
const PATTERNS: readonly Pattern[] = [
  { name: 'one token', queries: 1, keys: 1, reference: 0 },
  { name: 'one token, one of the reference', queries: 1, keys: 1, reference: 1 },
  { name: 'a tile less one', queries: 31, keys: 31, reference: 31 },
  { name: 'a tile', queries: 32, keys: 32, reference: 32 },
  { name: 'a tile and one', queries: 33, keys: 33, reference: 33 },
  { name: 'a group of queries less one', queries: 63, keys: 7, reference: 9 },
  { name: 'a group of queries and one', queries: 65, keys: 9, reference: 7 },
  { name: 'no reference', queries: 50, keys: 50, reference: 0 },
  { name: 'three references', queries: 20, keys: 20, reference: 60 },
  { name: 'flat logits', queries: 24, keys: 24, reference: 24, contrast: 0 },
  { name: 'peaked logits', queries: 24, keys: 24, reference: 24, contrast: 30 },
  { name: 'values of one', queries: 24, keys: 24, reference: 24, ones: true },
  { name: 'permuted keys', queries: 24, keys: 24, reference: 24, permuted: true },
  { name: 'poisoned padding', queries: 21, keys: 21, reference: 21, poison: 64 },
];

const LONG: Pattern = {
  name: 'long',
  queries: 130,
  keys: 4095,
  reference: 4097,
  heads: 1,
};

/** Numbers that look random and are the same in every run. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 31 - 1;
  };
}

export function makeCase(headSize: number, pattern: Pattern): NamedCase {
  const { queries, keys, reference, heads = 2, contrast = 1, ones = false, poison = 0 } = pattern;
  const width = heads * headSize;
  const next = numbers(headSize * 1000 + queries * 7 + keys * 13 + reference);
  const fill = (tokens: number, scale: number) =>
    Float32Array.from({ length: tokens * width }, () => next() * scale);
  const values = (tokens: number) => (ones ? new Float32Array(tokens * width).fill(1) : fill(tokens, 1));
  const made = {
    name: `${headSize}: ${pattern.name}`,
    heads,
    headSize,
    poison,
    query: fill(queries, 1.7 * contrast),
    key: fill(keys, 1.7),
    value: values(keys),
    referenceKey: fill(reference, 1.7),
    referenceValue: values(reference),
  };
  // The truth does not depend on the order of the keys, so what a kernel makes of another order is held against it too.
  return pattern.permuted ? { ...made, ...swapSources(made) } : made;
}

/** The same set of keys in reverse, so that each lies in the other source. */
function swapSources({ key, value, referenceKey, referenceValue, heads, headSize }: AttentionCase) {
  const width = heads * headSize;
  const reversed = (tokens: Float32Array) =>
    Float32Array.from(tokens, (_, i) => {
      const row = Math.floor(i / width);
      return tokens[tokens.length - (row + 1) * width + (i % width)] as number;
    });
  return {
    key: reversed(referenceKey),
    value: reversed(referenceValue),
    referenceKey: reversed(key),
    referenceValue: reversed(value),
  };
}

export function casesOf(headSize: number): NamedCase[] {
  const patterns = headSize === 40 ? [...PATTERNS, LONG] : PATTERNS;
  return patterns.map((pattern) => makeCase(headSize, pattern));
}

/** Shapes of real networks: the default model's, SD-1.5's, and some between, at small images. */
export const TIMED_SHAPES = [
  { heads: 3, headSize: 32, tokens: 256 },
  { heads: 4, headSize: 32, tokens: 256 },
  { heads: 8, headSize: 40, tokens: 128 },
  { heads: 3, headSize: 64, tokens: 64 },
  { heads: 3, headSize: 64, tokens: 256 },
  { heads: 8, headSize: 80, tokens: 64 },
  { heads: 4, headSize: 128, tokens: 64 },
  { heads: 8, headSize: 160, tokens: 64 },
];
