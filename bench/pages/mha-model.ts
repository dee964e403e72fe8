import { ElementType } from '../../src/onnx/model.ts';
import { ProtoWriter } from '../../src/onnx/proto.ts';

const INT = 2;

/** A graph of one com.microsoft.MultiHeadAttention, the operator that ONNX Runtime itself would run between segments. */
export function multiHeadAttentionModel(
  heads: number,
  width: number,
  queries: number,
  keys: number,
): Uint8Array<ArrayBuffer> {
  const info = (name: string, tokens: number) => (message: ProtoWriter) =>
    message.string(1, name).message(2, (type) =>
      type.message(1, (tensor) =>
        tensor.int(1, ElementType.float).message(2, (shape) => {
          for (const dim of [1, tokens, width]) shape.message(1, (inner) => inner.int(1, dim));
        }),
      ),
    );
  return new ProtoWriter()
    .int(1, 8)
    .message(7, (graph) =>
      graph
        .message(1, (node) =>
          node
            .string(1, 'query')
            .string(1, 'key')
            .string(1, 'value')
            .string(2, 'result')
            .string(3, 'attention')
            .string(4, 'MultiHeadAttention')
            .message(5, (attribute) => attribute.string(1, 'num_heads').int(3, heads).int(20, INT))
            .string(7, 'com.microsoft'),
        )
        .string(2, 'attention')
        .message(11, info('query', queries))
        .message(11, info('key', keys))
        .message(11, info('value', keys))
        .message(12, info('result', queries)),
    )
    .message(8, (opset) => opset.string(1, '').int(2, 17))
    .message(8, (opset) => opset.string(1, 'com.microsoft').int(2, 1))
    .finish();
}
