import { widenHalves } from './float.ts';
import {
  decodeModel,
  ElementType,
  encodeModel,
  type Graph,
  type Initializer,
  isExternal,
  type TensorInfo,
} from './model.ts';
import { concat } from './proto.ts';
import { safetensorsHeader, tensorIndexOf } from './safetensors.ts';

/** An ONNX graph and the safetensors file that its external data lies in. */
export interface Part {
  readonly graph: Uint8Array<ArrayBuffer>;
  readonly weights: Uint8Array<ArrayBuffer>;
}

/**
 * An f16 part in f32, for devices without f16: same graph, no Cast nodes, every number of it widened exactly.
 * An f32 part comes back as it is.
 */
export function retypeToF32(part: Part, file: string): Part {
  const graph = decodeModel(part.graph, file);
  if (!hasHalves(graph)) return part;

  const tensors = [...tensorIndexOf(part.weights, file)].sort(([, a], [, b]) => a.offset - b.offset);
  const header = safetensorsHeader(
    tensors.map(([name, { shape }]) => ({ name, shape, dtype: 'F32' as const })),
  );
  const start = tensors[0]?.[1].offset ?? part.weights.length;
  const weights = new Uint8Array(header.length + 2 * (part.weights.length - start));
  weights.set(header);
  for (const [, { offset, bytes }] of tensors) {
    weights.set(widen(part.weights.subarray(offset, offset + bytes)), header.length + 2 * (offset - start));
  }

  return { weights, graph: encodeModel(widenGraph(graph, (offset) => header.length + 2 * (offset - start))) };
}

/** The graph alone, for f16 weights that are widened elsewhere: `moved` says where a weight's new place in its file is. */
export function widenGraph(graph: Graph, moved: (offset: number) => number): Graph {
  const floatInfo = (info: TensorInfo): TensorInfo => ({ ...info, type: floatType(info.type) });
  const floatInitializer = (initializer: Initializer): Initializer => {
    if (initializer.type !== ElementType.float16) return initializer;
    const { data } = initializer;
    return {
      ...initializer,
      type: ElementType.float,
      data: isExternal(data) ? { ...data, offset: moved(data.offset), length: 2 * data.length } : widen(data),
    };
  };
  return {
    ...graph,
    inputs: graph.inputs.map(floatInfo),
    outputs: graph.outputs.map(floatInfo),
    initializers: graph.initializers.map(floatInitializer),
  };
}

export const hasHalves = ({ inputs, initializers }: Graph): boolean =>
  [...inputs, ...initializers].some(({ type }) => type === ElementType.float16);

const floatType = (type: ElementType): ElementType =>
  type === ElementType.float16 ? ElementType.float : type;

function widen(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const aligned = concat([bytes]);
  return new Uint8Array(widenHalves(new Uint16Array(aligned.buffer)).buffer);
}
