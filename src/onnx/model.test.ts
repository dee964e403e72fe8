import { describe, expect, it } from 'vitest';
import { GraphError } from './errors.ts';
import { decodeModel, ElementType, encodeModel, type Graph } from './model.ts';

const graph: Graph = {
  name: 'a graph',
  nodes: [
    {
      name: 'n',
      op: 'Conv',
      inputs: ['x', '', 'w'],
      outputs: ['y'],
      attributes: { axis: -1, mode: 'nearest', pads: [0, 1, -2, 300], epsilon: { float: 0.5 } },
    },
  ],
  inputs: [{ name: 'x', type: ElementType.float16, shape: ['batch', 4, 'height'] }],
  outputs: [{ name: 'y', type: ElementType.float, shape: [] }],
  initializers: [
    {
      name: 'w',
      type: ElementType.float16,
      dims: [2, 3],
      data: { location: '00.safetensors', offset: 2 ** 33, length: 12 },
    },
    { name: 'c', type: ElementType.int64, dims: [1], data: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) },
  ],
};

describe('ONNX models', () => {
  it('come back as they were written', () => expect(decodeModel(encodeModel(graph))).toEqual(graph));

  it('that are cut short or altered are a GraphError or another model, and never another error', () => {
    const bytes = encodeModel(graph);
    const attempts = [
      ...Array.from(bytes, (_, i) => bytes.slice(0, i)),
      ...Array.from(bytes, (byte, i) => bytes.with(i, byte ^ 0xff)),
    ];
    let refused = 0;
    for (const attempt of attempts) {
      try {
        decodeModel(attempt, '00.onnx');
      } catch (error) {
        if (!(error instanceof GraphError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(attempts.length / 2);
  });
});
