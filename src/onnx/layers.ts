import type { Dimension } from './model.ts';
import type { Trace, Value } from './trace.ts';

/** The layers that the networks are made of, under the names that diffusers gives their tensors. */

/** How names of dimensions go from level to level: height, height_2, height_4, ... */
export const dimAt = (name: string, level: number): string => (level === 0 ? name : `${name}_${2 ** level}`);
export const sizeAt = (level: number): [Dimension, Dimension] => [
  dimAt('height', level),
  dimAt('width', level),
];

const channelsOf = (x: Value): number => x.shape[1] as number;

export interface ConvShape {
  readonly out: number;
  readonly kernel?: number;
  readonly stride?: number;
  /** Top, left, bottom, right; half the kernel where it is missing. */
  readonly pads?: readonly number[];
  readonly bias?: boolean;
  /** Height and width of the result, where they differ from the input's. */
  readonly size?: readonly [Dimension, Dimension];
}

export function conv(trace: Trace, name: string, x: Value, shape: ConvShape): Value {
  const { out, kernel = 3, stride = 1, bias = true } = shape;
  const pad = (kernel - 1) / 2;
  const weight = trace.weight(`${name}.weight`, [out, channelsOf(x), kernel, kernel]);
  const inputs = bias ? [x, weight, trace.weight(`${name}.bias`, [out])] : [x, weight];
  return trace.node('Conv', inputs, [x.shape[0] as Dimension, out, ...(shape.size ?? x.shape.slice(2))], {
    name,
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: shape.pads ?? [pad, pad, pad, pad],
  });
}

/**
 * `keepsBias` leaves the bias an Add of its own. ONNX Runtime otherwise joins MatMul and Add into a Gemm between two
 * Reshapes, and a graph's output must not end in a Reshape.
 */
export function linear(
  trace: Trace,
  name: string,
  x: Value,
  out: number,
  { bias = true, keepsBias = false }: { bias?: boolean; keepsBias?: boolean } = {},
): Value {
  const weight = trace.weight(`${name}.weight`, [out, x.shape.at(-1) as number], { transposed: true });
  const shape = [...x.shape.slice(0, -1), out];
  const product = trace.node('MatMul', [x, weight], shape, { name });
  if (!bias) return product;
  const dims = keepsBias ? [...x.shape.slice(0, -1).map(() => 1), out] : [out];
  return trace.node('Add', [product, trace.weight(`${name}.bias`, [out], { dims })], shape, { name });
}

export function groupNorm(trace: Trace, name: string, x: Value, groups: number, epsilon: number): Value {
  const channels = channelsOf(x);
  const batch = x.shape[0] as Dimension;
  const grouped = trace.node('Reshape', [x, trace.constant('int64', [0, groups, -1])], [batch, groups, '?'], {
    name,
  });
  const ones = trace.constant('storage', Array(groups).fill(1));
  const zeros = trace.constant('storage', Array(groups).fill(0));
  const even = trace.node('InstanceNormalization', [grouped, ones, zeros], grouped.shape, {
    name,
    epsilon: { float: epsilon },
  });
  const back = reshapeLike(trace, even, x, name);
  const dims = [channels, 1, 1];
  const scaled = trace.node('Mul', [back, trace.weight(`${name}.weight`, [channels], { dims })], x.shape, {
    name,
  });
  return trace.node('Add', [scaled, trace.weight(`${name}.bias`, [channels], { dims })], x.shape, { name });
}

export function layerNorm(trace: Trace, name: string, x: Value, epsilon = 1e-5): Value {
  const width = x.shape.at(-1) as number;
  return trace.node(
    'LayerNormalization',
    [x, trace.weight(`${name}.weight`, [width]), trace.weight(`${name}.bias`, [width])],
    x.shape,
    { name, axis: -1, epsilon: { float: epsilon } },
  );
}

export function silu(trace: Trace, x: Value): Value {
  return trace.node('Mul', [x, trace.node('Sigmoid', [x], x.shape)], x.shape);
}

export const relu = (trace: Trace, x: Value): Value => trace.node('Relu', [x], x.shape);

/** Two convolutions whose sum with what they saw goes through a ReLU. */
export function residual(trace: Trace, name: string, x: Value): Value {
  const out = x.shape[1] as number;
  const first = relu(trace, conv(trace, `${name}.first`, x, { out }));
  return relu(trace, add(trace, x, conv(trace, `${name}.second`, first, { out })));
}

/** The quick one: a sigmoid in the error function's place. */
export function quickGelu(trace: Trace, x: Value): Value {
  return trace.node('Mul', [x, trace.node('Sigmoid', [scale(trace, x, 1.702)], x.shape)], x.shape);
}

/** The exact one, by the error function, in the form that ONNX Runtime knows as one operator. */
export function gelu(trace: Trace, x: Value): Value {
  const scalar = (value: number) => trace.constant('storage', [value], []);
  const erf = trace.node('Erf', [trace.node('Div', [x, scalar(Math.SQRT2)], x.shape)], x.shape);
  const gate = trace.node('Add', [erf, scalar(1)], x.shape);
  return trace.node('Mul', [trace.node('Mul', [x, gate], x.shape), scalar(0.5)], x.shape);
}

/** One half of a projection, gated by the GELU of the other; x is [batch, tokens, channels]. */
export function geglu(trace: Trace, name: string, x: Value): Value {
  const width = x.shape[2] as number;
  const inner = width * 4;
  const both = linear(trace, `${name}.net.0.proj`, x, inner * 2);
  const half = [...x.shape.slice(0, 2), inner];
  const [straight, gate] = trace.nodes(
    'Split',
    [both, trace.constant('int64', [inner, inner])],
    [half, half],
    { name, axis: -1 },
  ) as [Value, Value];
  return linear(
    trace,
    `${name}.net.2`,
    trace.node('Mul', [straight, gelu(trace, gate)], half, { name }),
    width,
  );
}

export function add(trace: Trace, a: Value, b: Value): Value {
  return trace.node('Add', [a, b], a.shape);
}

export function scale(trace: Trace, x: Value, factor: number): Value {
  return trace.node('Mul', [x, trace.constant('storage', [factor], [])], x.shape);
}

/** Their channels one after another. */
export function beside(trace: Trace, pictures: readonly Value[]): Value {
  const [first] = pictures as [Value];
  const channels = pictures.reduce((sum, picture) => sum + channelsOf(picture), 0);
  return trace.node('Concat', pictures, [first.shape[0] ?? 1, channels, ...first.shape.slice(2)], {
    axis: 1,
  });
}

/** Some of its channels. */
export function channels(trace: Trace, x: Value, from: number, to: number): Value {
  const range = [from, to, 1].map((number) => trace.constant('int64', [number]));
  const [start, end, axis] = range as [Value, Value, Value];
  const shape = [x.shape[0] ?? 1, to - from, ...x.shape.slice(2)];
  return trace.node('Slice', [x, start, end, axis], shape);
}

/** Means of squares of `factor` pixels a side. */
export function shrink(trace: Trace, x: Value, factor: number, size: readonly [Dimension, Dimension]): Value {
  const square = { kernel_shape: [factor, factor], strides: [factor, factor] };
  return trace.node('AveragePool', [x], [...x.shape.slice(0, 2), ...size], square);
}

/** Twice as large or more, bilinear; the edge goes on. (PyTorch: interpolate, "bilinear", no aligned corners.) */
export function enlarge(
  trace: Trace,
  x: Value,
  factor: number,
  size: readonly [Dimension, Dimension],
): Value {
  const scales = trace.constant('float', [1, 1, factor, factor]);
  return trace.node('Resize', [x, undefined, scales], [...x.shape.slice(0, 2), ...size], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
}

/** To the nearest pixel, twice as large or more. */
export function upsample(
  trace: Trace,
  x: Value,
  factor: number,
  size: readonly [Dimension, Dimension],
): Value {
  const scales = trace.constant('float', [1, 1, factor, factor]);
  return trace.node('Resize', [x, undefined, scales], [...x.shape.slice(0, 2), ...size], TO_NEAREST);
}

/**
 * To the nearest pixel, as large as another picture: about twice, and a row or a column less where that one's size is
 * odd, since halving rounds up.
 */
export function upsampleLike(trace: Trace, x: Value, like: Value): Value {
  const kept = trace.node('Shape', [x], [2], { end: 2 });
  const wanted = trace.node('Shape', [like], [2], { start: 2 });
  const sizes = trace.node('Concat', [kept, wanted], [4], { axis: 0 });
  return trace.node(
    'Resize',
    [x, undefined, undefined, sizes],
    [...x.shape.slice(0, 2), ...like.shape.slice(2)],
    TO_NEAREST,
  );
}

const TO_NEAREST = {
  mode: 'nearest',
  coordinate_transformation_mode: 'asymmetric',
  nearest_mode: 'floor',
} as const;

function reshapeLike(trace: Trace, x: Value, like: Value, name = ''): Value {
  const shape = trace.node('Shape', [like], [like.shape.length], { name });
  return trace.node('Reshape', [x, shape], like.shape, { name });
}

/** [batch, channels, height, width] -> [batch, tokens, channels] */
export function toTokens(trace: Trace, x: Value, tokens: Dimension): Value {
  const [batch, channels] = x.shape as [Dimension, number];
  const flat = trace.node(
    'Reshape',
    [x, trace.constant('int64', [0, channels, -1])],
    [batch, channels, tokens],
  );
  return trace.node('Transpose', [flat], [batch, tokens, channels], { perm: [0, 2, 1] });
}

/** The way back, into the shape of the picture that the tokens came from. */
export function toPicture(trace: Trace, tokens: Value, like: Value): Value {
  const [batch, count, channels] = tokens.shape as [Dimension, Dimension, Dimension];
  const flat = trace.node('Transpose', [tokens], [batch, channels, count], { perm: [0, 2, 1] });
  return reshapeLike(trace, flat, like);
}

/** Attention by ONNX's own operators: q, k and v are [batch, tokens, heads * size]. */
export function attend(trace: Trace, q: Value, k: Value, v: Value, heads: number): Value {
  const [batch, tokens, width] = q.shape as [Dimension, Dimension, number];
  const others = k.shape[1] as Dimension;
  const size = width / heads;
  const split = (x: Value, count: Dimension, perm: readonly number[], shape: readonly Dimension[]) =>
    trace.node(
      'Transpose',
      [
        trace.node(
          'Reshape',
          [x, trace.constant('int64', [0, -1, heads, size])],
          [batch, count, heads, size],
        ),
      ],
      shape,
      { perm },
    );
  const query = split(
    scale(trace, q, 1 / Math.sqrt(size)),
    tokens,
    [0, 2, 1, 3],
    [batch, heads, tokens, size],
  );
  const key = split(k, others, [0, 2, 3, 1], [batch, heads, size, others]);
  const value = split(v, others, [0, 2, 1, 3], [batch, heads, others, size]);
  const logits = trace.node('MatMul', [query, key], [batch, heads, tokens, others]);
  const shares = trace.node('Softmax', [logits], logits.shape, { axis: -1 });
  const mixed = trace.node('MatMul', [shares, value], [batch, heads, tokens, size]);
  const merged = trace.node('Transpose', [mixed], [batch, tokens, heads, size], { perm: [0, 2, 1, 3] });
  return trace.node('Reshape', [merged, trace.constant('int64', [0, -1, width])], q.shape);
}
