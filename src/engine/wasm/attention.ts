import { type Attribute, ElementType, encodeModel, type Graph, type Node } from '../../onnx/model.ts';

/** Self-attention as a graph of ONNX operators: `q`, `k`, `v` [batch, tokens, heads * headSize] to `attention`. */
export function attentionGraph(heads: number, headSize: number): Uint8Array<ArrayBuffer> {
  const width = heads * headSize;
  const tokens = (name: string, count: string) => ({
    name,
    type: ElementType.float,
    shape: ['batch', count, width],
  });
  const split = (name: string, perm: readonly number[]): Node[] => [
    node('Reshape', [name, 'by head'], `${name} by head`),
    node('Transpose', [`${name} by head`], `${name} of heads`, { perm }),
  ];
  const graph: Graph = {
    name: 'Attention',
    inputs: [tokens('q', 'queries'), tokens('k', 'keys'), tokens('v', 'keys')],
    outputs: [tokens('attention', 'queries')],
    initializers: [
      { name: 'by head', type: ElementType.int64, dims: [4], data: int64([0, -1, heads, headSize]) },
      { name: 'together', type: ElementType.int64, dims: [3], data: int64([0, -1, width]) },
      { name: 'scale', type: ElementType.float, dims: [], data: float(1 / Math.sqrt(headSize)) },
    ],
    nodes: [
      // Scaling the queries costs less than scaling the logits.
      node('Mul', ['q', 'scale'], 'scaled'),
      ...split('scaled', [0, 2, 1, 3]),
      ...split('k', [0, 2, 3, 1]),
      ...split('v', [0, 2, 1, 3]),
      node('MatMul', ['scaled of heads', 'k of heads'], 'logits'),
      node('Softmax', ['logits'], 'shares', { axis: -1 }),
      node('MatMul', ['shares', 'v of heads'], 'mixed'),
      node('Transpose', ['mixed'], 'mixed by head', { perm: [0, 2, 1, 3] }),
      node('Reshape', ['mixed by head', 'together'], 'attention'),
    ],
  };
  return encodeModel(graph);
}

function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): Node {
  return { name: output, op, inputs, outputs: [output], attributes };
}

const int64 = (values: readonly number[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
const float = (value: number) => new Uint8Array(Float32Array.of(value).buffer);
