import { GraphError } from './errors.ts';
import { ProtoWriter, readFields } from './proto.ts';

/** The part of ONNX that Pirouette writes, with the numbers ONNX gives its element types. */
export const ElementType = { float: 1, int8: 3, int64: 7, float16: 10 } as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

export type Dimension = number | string;

export interface TensorInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** The values lie here, or in another file. */
  readonly data: Uint8Array | ExternalData;
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly initializers: readonly Initializer[];
}

/** The newest operator set that ONNX releases of 2022 (and Debian's) check; it has LayerNormalization. */
const OPSET = 17;
/** The first one whose DequantizeLinear makes f16. */
const OPSET_OF_INT8 = 19;
const IR_VERSION = 8;
const EXTERNAL = 1;
const AttributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

export const isExternal = (data: Initializer['data']): data is ExternalData => !(data instanceof Uint8Array);

export function encodeModel(graph: Graph): Uint8Array<ArrayBuffer> {
  return new ProtoWriter()
    .int(1, IR_VERSION)
    .string(2, 'pirouette')
    .message(7, (message) => writeGraph(message, graph))
    .message(8, (opset) => opset.string(1, '').int(2, hasInt8(graph) ? OPSET_OF_INT8 : OPSET))
    .finish();
}

/** Whether some of its weights are stored in 8 bits, and made floats where they are used. */
export const hasInt8 = ({ initializers }: Graph): boolean =>
  initializers.some(({ type }) => type === ElementType.int8);

function writeGraph(message: ProtoWriter, graph: Graph): void {
  for (const node of graph.nodes) message.message(1, (inner) => writeNode(inner, node));
  message.string(2, graph.name);
  for (const initializer of graph.initializers)
    message.message(5, (inner) => writeTensor(inner, initializer));
  for (const input of graph.inputs) message.message(11, (inner) => writeInfo(inner, input));
  for (const output of graph.outputs) message.message(12, (inner) => writeInfo(inner, output));
}

function writeNode(message: ProtoWriter, node: Node): void {
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, node.name).string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(5, (attribute) => writeAttribute(attribute.string(1, name), value));
  }
}

function writeAttribute(message: ProtoWriter, value: Attribute): void {
  if (typeof value === 'number') message.int(3, value).int(20, AttributeType.int);
  else if (typeof value === 'string') message.string(4, value).int(20, AttributeType.string);
  else if ('float' in value) message.float(2, value.float).int(20, AttributeType.float);
  else {
    for (const item of value) message.int(8, item);
    message.int(20, AttributeType.ints);
  }
}

function writeTensor(message: ProtoWriter, { name, type, dims, data }: Initializer): void {
  for (const dim of dims) message.int(1, dim);
  message.int(2, type).string(8, name);
  if (!isExternal(data)) {
    message.bytes(9, data);
    return;
  }
  for (const [key, value] of Object.entries(data)) {
    message.message(13, (entry) => entry.string(1, key).string(2, String(value)));
  }
  message.int(14, EXTERNAL);
}

function writeInfo(message: ProtoWriter, { name, type, shape }: TensorInfo): void {
  message.string(1, name).message(2, (typeProto) =>
    typeProto.message(1, (tensor) =>
      tensor.int(1, type).message(2, (shapeProto) => {
        for (const dim of shape) {
          shapeProto.message(1, (inner) => {
            if (typeof dim === 'number') inner.int(1, dim);
            else inner.string(2, dim);
          });
        }
      }),
    ),
  );
}

/** Reads a model that `encodeModel` wrote, or another tool wrote within the same part of ONNX. */
export function decodeModel(bytes: Uint8Array, file = 'The graph'): Graph {
  try {
    let graph: Graph | undefined;
    for (const field of readFields(bytes)) if (field.number === 7) graph = readGraph(field.bytes);
    if (graph === undefined) throw new RangeError('it has no graph');
    return graph;
  } catch (error) {
    if (error instanceof RangeError || error instanceof URIError) throw new GraphError(file, error.message);
    throw error;
  }
}

function readGraph(bytes: Uint8Array): Graph {
  const graph = {
    name: '',
    nodes: [] as Node[],
    inputs: [] as TensorInfo[],
    outputs: [] as TensorInfo[],
    initializers: [] as Initializer[],
  };
  for (const field of readFields(bytes)) {
    if (field.number === 1) graph.nodes.push(readNode(field.bytes));
    else if (field.number === 2) graph.name = field.string;
    else if (field.number === 5) graph.initializers.push(readTensor(field.bytes));
    else if (field.number === 11) graph.inputs.push(readInfo(field.bytes));
    else if (field.number === 12) graph.outputs.push(readInfo(field.bytes));
  }
  return graph;
}

function readNode(bytes: Uint8Array): Node {
  const node = {
    name: '',
    op: '',
    inputs: [] as string[],
    outputs: [] as string[],
    attributes: {} as Record<string, Attribute>,
  };
  for (const field of readFields(bytes)) {
    if (field.number === 1) node.inputs.push(field.string);
    else if (field.number === 2) node.outputs.push(field.string);
    else if (field.number === 3) node.name = field.string;
    else if (field.number === 4) node.op = field.string;
    else if (field.number === 5) {
      const { name, value } = readAttribute(field.bytes);
      node.attributes[name] = value;
    }
  }
  return node;
}

function readAttribute(bytes: Uint8Array): { name: string; value: Attribute } {
  let name = '';
  let value: Attribute | undefined;
  const ints: number[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = field.string;
    else if (field.number === 2) value = { float: field.float };
    else if (field.number === 3) value = field.int;
    else if (field.number === 4) value = field.string;
    else if (field.number === 8) ints.push(...field.ints);
    else if (field.number !== 20 && field.number !== 13) {
      throw new RangeError(`the attribute ${name} is of a kind that Pirouette does not write`);
    }
  }
  return { name, value: value ?? ints };
}

function readTensor(bytes: Uint8Array): Initializer {
  const dims: number[] = [];
  const external: Record<string, string> = {};
  let name = '';
  let type: number = 0;
  let raw = new Uint8Array() as Uint8Array;
  let isElsewhere = false;
  for (const field of readFields(bytes)) {
    if (field.number === 1) dims.push(...field.ints);
    else if (field.number === 2) type = field.int;
    else if (field.number === 8) name = field.string;
    else if (field.number === 9) raw = field.bytes;
    else if (field.number === 13) {
      const [key = '', value = ''] = [...readFields(field.bytes)].map((part) => part.string);
      external[key] = value;
    } else if (field.number === 14) isElsewhere = field.int === EXTERNAL;
    else if (field.number >= 4)
      throw new RangeError(`the tensor ${name} keeps its values in an unusual field`);
  }
  const { location = '', offset = '0', length = '0' } = external;
  return {
    name,
    type: elementType(type),
    dims,
    data: isElsewhere ? { location, offset: Number(offset), length: Number(length) } : raw,
  };
}

function readInfo(bytes: Uint8Array): TensorInfo {
  let name = '';
  let type: number = 0;
  const shape: Dimension[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = field.string;
    if (field.number !== 2) continue;
    for (const kind of readFields(field.bytes)) {
      if (kind.number !== 1) throw new RangeError(`${name} is not a tensor`);
      for (const part of readFields(kind.bytes)) {
        if (part.number === 1) type = part.int;
        else if (part.number === 2)
          shape.push(...[...readFields(part.bytes)].map((dim) => readDimension(dim.bytes)));
      }
    }
  }
  return { name, type: elementType(type), shape };
}

function readDimension(bytes: Uint8Array): Dimension {
  for (const field of readFields(bytes)) return field.number === 1 ? field.int : field.string;
  return '?';
}

function elementType(code: number): ElementType {
  for (const type of Object.values(ElementType)) if (type === code) return type;
  throw new RangeError(`element type ${code} is none that Pirouette writes`);
}
