import { GraphError } from './errors.ts';
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
import { type StoredType, safetensorsHeader, type TensorSpec, tensorIndexOf } from './safetensors.ts';

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

  const { tensors, bytes } = wideTensors(part.weights, file);
  const header = safetensorsHeader(tensors);
  const weights = new Uint8Array(header.length + bytes);
  weights.set(header);
  for (const { from, to, isHalf } of tensors) {
    const stored = part.weights.subarray(from.offset, from.offset + from.bytes);
    weights.set(isHalf ? widen(stored) : stored, header.length + to.offset);
  }
  return { weights, graph: encodeModel(widenGraph(graph, tensors, header.length)) };
}

/** A tensor of an f16 part, and where it comes to lie, from the first tensor on, when the halves are widened. */
export interface WideTensor extends TensorSpec {
  readonly isHalf: boolean;
  readonly from: { readonly offset: number; readonly bytes: number };
  readonly to: { readonly offset: number; readonly bytes: number };
}

/** In their order in the file. What is no half stays as it is. */
export function wideTensors(
  weights: Uint8Array,
  file: string,
): { readonly tensors: readonly WideTensor[]; readonly bytes: number } {
  const stored = [...tensorIndexOf(weights, file)].sort(([, a], [, b]) => a.offset - b.offset);
  let end = 0;
  const tensors = stored.map(([name, { shape, dtype, offset, bytes: length }]) => {
    const isHalf = dtype === 'F16';
    const to = { offset: end, bytes: isHalf ? 2 * length : length };
    end += to.bytes;
    const type = isHalf ? 'F32' : (dtype as StoredType);
    return { name, shape, dtype: type, isHalf, from: { offset, bytes: length }, to };
  });
  return { tensors, bytes: end };
}

/** The graph alone, for f16 weights that are widened elsewhere; `start` is where the first of them will lie. */
export function widenGraph(graph: Graph, tensors: readonly WideTensor[], start: number): Graph {
  const places = new Map(tensors.map(({ from, to }) => [from.offset, to]));
  const floatInfo = (info: TensorInfo): TensorInfo => ({ ...info, type: floatType(info.type) });
  const floatInitializer = (initializer: Initializer): Initializer => {
    const { type, data } = initializer;
    if (!isExternal(data)) {
      return type === ElementType.float16
        ? { ...initializer, type: ElementType.float, data: widen(data) }
        : initializer;
    }
    const place = places.get(data.offset);
    if (place === undefined)
      throw new GraphError(graph.name, `nothing lies where it looks for ${initializer.name}`);
    const { location } = data;
    return {
      ...initializer,
      type: floatType(type),
      data: { location, offset: start + place.offset, length: place.bytes },
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
