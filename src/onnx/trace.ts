import { UnknownArchitectureError } from './errors.ts';
import { narrowToHalves } from './float.ts';
import {
  type Attribute,
  type Dimension,
  ElementType,
  type Graph,
  type Initializer,
  type Node,
} from './model.ts';
import { scaleAxis, scaleName } from './quantize.ts';

/** A tensor that flows through a network while it is written down. */
export interface Value {
  name: string;
  readonly shape: readonly Dimension[];
}

/** One tensor of a checkpoint, as a graph wants it. */
export interface WeightSpec {
  /** diffusers' name, which is its name in the pack too. */
  readonly name: string;
  /** Its shape in the checkpoint. */
  readonly shape: readonly number[];
  /** A matrix that is stored transposed, since MatMul wants its inputs as rows. */
  readonly transposed: boolean;
  /** Its shape in the graph: the stored values under another view. */
  readonly dims: readonly number[];
}

interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Where in a file a weight lies, and where its scales do if it is stored in 8 bits. */
export interface WeightPlace extends Place {
  readonly scale?: Place;
}

export interface SegmentPlan {
  readonly weights: readonly WeightSpec[];
  /** The graph, once it is known how floats are stored and where in the file each weight lies. */
  graph(type: FloatStorage, location: string, placeOf: (weight: WeightSpec) => WeightPlace): Graph;
}

export type FloatStorage = typeof ElementType.float | typeof ElementType.float16;

interface TracedNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

interface Constant {
  readonly value: Value;
  /** 'storage' follows the graph's floats; 'float' is f32 whatever they are. */
  readonly type: 'storage' | 'float' | 'int64';
  readonly numbers: readonly number[];
}

interface Segment {
  readonly nodes: TracedNode[];
  readonly weights: { readonly spec: WeightSpec; readonly value: Value }[];
  readonly stored: Set<Value>;
  readonly constants: Map<string, Constant>;
  readonly inputs: Set<Value>;
  readonly outputs: Set<Value>;
}

/**
 * What ONNX Runtime's graph capture does not replay: these only rename memory, and an output that ends in one goes
 * stale without an error from the second run on.
 */
const VIEWS = new Set(['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Identity']);

/** SDXL's U-Net has 5,000 nodes, and no tensor wider than 10,240. */
const MOST_NODES = 10_000;
const LARGEST_DIMENSION = 65_536;
const MOST_NUMBERS = 4096;

/**
 * Writes a network down as one or more ONNX graphs. The network's code reads as one flow; `cut` ends a graph, and
 * whatever is used after it and made before it becomes an output there and an input here, under one name.
 */
export class Trace {
  private readonly segments: Segment[] = [newSegment()];
  private readonly madeIn = new Map<Value, number>();
  private readonly nodeOf = new Map<Value, TracedNode>();
  private readonly weightNames = new Set<string>();
  private readonly results = new Set<Value>();
  private nodeCount = 0;

  constructor(private readonly title: string) {}

  /** What the runtime passes in; a graph that does not use it does not have it. */
  input(name: string, shape: readonly Dimension[]): Value {
    return { name, shape };
  }

  weight(
    name: string,
    shape: readonly number[],
    view: { transposed?: boolean; dims?: readonly number[] } = {},
  ): Value {
    this.expect(
      shape.every((dim) => Number.isInteger(dim) && dim >= 1 && dim <= LARGEST_DIMENSION),
      `${name} would have the shape [${shape}]`,
    );
    if (this.weightNames.has(name)) throw new Error(`${name} is used twice`);
    this.weightNames.add(name);
    const transposed = view.transposed ?? false;
    const dims = view.dims ?? (transposed ? [...shape].reverse() : shape);
    const value: Value = { name, shape: dims };
    this.segment.weights.push({ spec: { name, shape, transposed, dims }, value });
    this.segment.stored.add(value);
    return value;
  }

  constant(
    type: Constant['type'],
    numbers: readonly number[],
    dims: readonly number[] = [numbers.length],
  ): Value {
    this.expect(numbers.length <= MOST_NUMBERS, `it has a constant of ${numbers.length} numbers`);
    const name = `${type}[${dims.join('x')}](${new Set(numbers).size === 1 ? numbers[0] : numbers.join(',')})`;
    const known = this.segment.constants.get(name);
    if (known) return known.value;
    const value: Value = { name, shape: dims };
    this.segment.constants.set(name, { value, type, numbers });
    return value;
  }

  /** A node with one output. `name` is for people: the layer it belongs to. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    shape: readonly Dimension[],
    { name = '', ...attributes }: { name?: string } & Record<string, Attribute> = {},
  ): Value {
    return this.nodes(op, inputs, [shape], { name, ...attributes })[0] as Value;
  }

  nodes(
    op: string,
    inputs: readonly (Value | undefined)[],
    shapes: readonly (readonly Dimension[])[],
    { name = '', ...attributes }: { name?: string } & Record<string, Attribute> = {},
  ): Value[] {
    this.expect(this.nodeCount < MOST_NODES, `it has more than ${MOST_NODES} nodes`);
    const title = `${name === '' ? '' : `${name}/`}${op}.${this.nodeCount++}`;
    const outputs = shapes.map((shape, i) => ({ name: i === 0 ? title : `${title}.${i}`, shape }));
    const node: TracedNode = { name: title, op, inputs, outputs, attributes };
    for (const input of inputs) if (input) this.use(input);
    for (const output of outputs) {
      this.madeIn.set(output, this.segments.length - 1);
      this.nodeOf.set(output, node);
    }
    this.segment.nodes.push(node);
    return outputs;
  }

  /** Makes a value an output of the graph that it was made in. */
  output(value: Value, name: string): void {
    const segment = this.segments[this.madeIn.get(value) ?? -1];
    if (segment === undefined) throw new Error(`${name} is not made by any node`);
    value.name = name;
    segment.outputs.add(value);
    this.results.add(value);
  }

  cut(): void {
    this.segments.push(newSegment());
  }

  /** All graphs, or the first `count`: then what only later ones would take is no output. */
  finish(count = this.segments.length): SegmentPlan[] {
    const segments = this.segments.slice(0, count);
    const taken = new Set(segments.flatMap(({ inputs }) => [...inputs]));
    for (const segment of segments) {
      for (const output of segment.outputs) {
        if (!taken.has(output) && !this.results.has(output)) segment.outputs.delete(output);
      }
      for (const output of segment.outputs) {
        const op = this.nodeOf.get(output)?.op ?? '';
        if (VIEWS.has(op)) throw new Error(`the output ${output.name} ends in ${op}`);
      }
    }
    return segments.map((segment, i) => planOf(segment, `${this.title} ${i + 1}/${segments.length}`));
  }

  /** A config may ask for anything. */
  private expect(holds: boolean, fault: string): void {
    if (!holds) throw new UnknownArchitectureError(this.title, fault);
  }

  private get segment(): Segment {
    return this.segments.at(-1) as Segment;
  }

  private use(value: Value): void {
    const home = this.madeIn.get(value);
    if (home === this.segments.length - 1) return;
    if (this.segment.stored.has(value) || this.segment.constants.get(value.name)?.value === value) return;
    this.segment.inputs.add(value);
    if (home !== undefined) (this.segments[home] as Segment).outputs.add(value);
  }
}

const newSegment = (): Segment => ({
  nodes: [],
  weights: [],
  stored: new Set(),
  constants: new Map(),
  inputs: new Set(),
  outputs: new Set(),
});

function planOf(segment: Segment, title: string): SegmentPlan {
  return {
    weights: segment.weights.map(({ spec }) => spec),
    graph(type, location, placeOf) {
      const info = ({ name, shape }: Value) => ({ name, type, shape });
      const quantized = new Map<Value, Node>();
      const weights = segment.weights.flatMap(({ spec, value }): Initializer[] => {
        const { name, dims } = spec;
        const { scale, ...place } = placeOf(spec);
        const data = { location, ...place };
        if (scale === undefined) return [{ name, type, dims, data }];
        quantized.set(value, dequantizing(spec));
        return [
          { name: scaleName(name), type, dims: spec.shape.slice(0, 1), data: { location, ...scale } },
          { name, type: ElementType.int8, dims, data },
        ];
      });
      const constants = [...segment.constants.values()].map((constant) =>
        constantInitializer(constant, type),
      );
      return {
        name: title,
        nodes: segment.nodes.flatMap((node) => graphNodes(node, quantized)),
        inputs: [...segment.inputs].map(info),
        outputs: [...segment.outputs].map(info),
        initializers: [...weights, ...constants],
      };
    },
  };
}

/** A node as it stands in the graph, behind what makes floats of the weights in 8 bits that it takes. */
function graphNodes(
  { name, op, inputs, outputs, attributes }: TracedNode,
  quantized: ReadonlyMap<Value, Node>,
): Node[] {
  const made = inputs.map((input) => input && quantized.get(input));
  return [
    ...made.filter((node) => node !== undefined),
    {
      name,
      op,
      inputs: inputs.map((input, i) => made[i]?.outputs[0] ?? input?.name ?? ''),
      outputs: outputs.map((output) => output.name),
      attributes,
    },
  ];
}

/** ONNX Runtime computes it at every run: unlike a Cast or a product of constants, it is not folded at load. */
function dequantizing(spec: WeightSpec): Node {
  return {
    name: `${spec.name}/DequantizeLinear`,
    op: 'DequantizeLinear',
    inputs: [spec.name, scaleName(spec.name)],
    outputs: [`${spec.name}/floats`],
    attributes: { axis: scaleAxis(spec) },
  };
}

function constantInitializer({ value, type, numbers }: Constant, storage: FloatStorage): Initializer {
  const elementType = type === 'int64' ? ElementType.int64 : type === 'float' ? ElementType.float : storage;
  return {
    name: value.name,
    type: elementType,
    dims: value.shape as readonly number[],
    data: encodeNumbers(numbers, elementType),
  };
}

function encodeNumbers(numbers: readonly number[], type: ElementType): Uint8Array {
  if (type === ElementType.int64) return new Uint8Array(BigInt64Array.from(numbers, BigInt).buffer);
  const floats = Float32Array.from(numbers);
  return new Uint8Array(type === ElementType.float ? floats.buffer : narrowToHalves(floats).buffer);
}
