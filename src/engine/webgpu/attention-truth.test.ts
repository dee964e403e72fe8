import { expect, it } from 'vitest';
import { attentionTruth, normalisedError } from './attention-truth.ts';

const one = (key: number[], value: number[], referenceKey: number[] = [], referenceValue: number[] = []) => ({
  heads: 1,
  headSize: 1,
  query: Float32Array.of(1),
  key: Float32Array.from(key),
  value: Float32Array.from(value),
  referenceKey: Float32Array.from(referenceKey),
  referenceValue: Float32Array.from(referenceValue),
});

it('weighs values by the softmax of the scores over both sources', () => {
  const [a, b] = [Math.exp(0.5), Math.exp(-0.25)];
  expect(attentionTruth(one([0.5], [2], [-0.25], [4]))[0]).toBeCloseTo((2 * a + 4 * b) / (a + b), 6);
  expect(attentionTruth(one([0.5, -0.25], [2, 4]))[0]).toBeCloseTo((2 * a + 4 * b) / (a + b), 6);
});

it('scales scores by the root of the head size and keeps heads apart', () => {
  const two = {
    heads: 2,
    headSize: 4,
    query: Float32Array.of(2, 0, 0, 0, 0, 0, 0, 0),
    key: Float32Array.of(1, 0, 0, 0, 9, 9, 9, 9, 0, 1, 0, 0, 5, 5, 5, 5),
    value: Float32Array.of(1, 1, 1, 1, 3, 3, 3, 3, 0, 0, 0, 0, 5, 5, 5, 5),
    referenceKey: new Float32Array(),
    referenceValue: new Float32Array(),
  };
  const found = attentionTruth(two);
  expect(found[0]).toBeCloseTo(Math.E / (Math.E + 1), 6);
  expect(found[4]).toBeCloseTo(4, 6);
});

it('calls a missing or a broken value an error', () => {
  expect(normalisedError(Float32Array.of(1, 2), Float64Array.of(1, 2))).toBe(0);
  expect(normalisedError(Float32Array.of(1), Float64Array.of(1, 2))).toBeNaN();
});
