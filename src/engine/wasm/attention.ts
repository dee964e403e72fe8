import { attend } from '../../onnx/layers.ts';
import { ElementType, encodeModel } from '../../onnx/model.ts';
import { Trace } from '../../onnx/trace.ts';

/** Self-attention as a graph of ONNX operators: `q`, `k`, `v` [batch, tokens, heads * headSize] to `attention`. */
export function attentionGraph(heads: number, headSize: number): Uint8Array<ArrayBuffer> {
  const trace = new Trace('Attention');
  const width = heads * headSize;
  const tokens = (name: string, count: string) => trace.input(name, ['batch', count, width]);
  const keys = 'keys';
  trace.output(
    attend(trace, tokens('q', 'queries'), tokens('k', keys), tokens('v', keys), heads),
    'attention',
  );
  const [plan] = trace.finish();
  if (plan === undefined) throw new Error('An attention is one graph.');
  return encodeModel(
    plan.graph(ElementType.float, '', () => {
      throw new Error('Attention has no weights.');
    }),
  );
}
