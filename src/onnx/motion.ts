import { add, geglu, layerNorm, linear, scale } from './layers.ts';
import type { Dimension } from './model.ts';
import type { MotionShape } from './motion-shape.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

/** The module between two segments: it looks along time, at one token of the picture in every frame. */
export interface MotionModule {
  /** Its name in the checkpoint, and the first part of its tensors' names. */
  readonly name: string;
  readonly channels: number;
  readonly level: number;
  readonly plan: SegmentPlan;
  /** Values of every frame that it takes: [1, tokens, channels], and where `normEach` is off [1, groups, 2]. */
  readonly tokens: string;
  readonly moments?: string;
  /** What it makes of them for every frame, which the next segment takes: [1, tokens, channels]. */
  readonly moved: string;
}

/** The graph's own names for what a module takes and makes, of all frames and any number of tokens. */
export const MOTION_INPUTS = ['tokens', 'moments', 'positions'] as const;
export const MOTION_OUTPUT = 'moved';

const EPSILON = 1e-6;
/** Squares of half precision stay within its range when differences are first made so much smaller. */
const SHRINK = 8;

/**
 * One module's graph: tokens of all frames, [frames, tokens, channels], to what is added to them. Every token looks at
 * itself in the other frames and at nothing else, so a large picture goes through in runs of tokens, to the same
 * result. `positions` has a row for every frame: a one where in the table of positions it stands.
 */
export function planMotionModule(
  name: string,
  channels: number,
  level: number,
  groups: number,
  shape: MotionShape,
): SegmentPlan {
  const trace = new Trace(`Motion module ${name}`);
  const tokens = trace.input('tokens', ['frames', 'tokens', channels]);
  const positions = trace.input('positions', ['frames', shape.maxFrames]);
  const even = shape.normEach ? tokens : normTogether(trace, `${name}.norm`, tokens, groups);
  let x = linear(trace, `${name}.proj_in`, even, channels);
  for (let i = 0; i < (shape.layers[level] as number); i++) {
    x = motionBlock(trace, `${name}.transformer_blocks.${i}`, x, positions, shape, level);
  }
  trace.output(linear(trace, `${name}.proj_out`, x, channels, { keepsBias: true }), MOTION_OUTPUT);
  return trace.finish()[0] as SegmentPlan;
}

function motionBlock(
  trace: Trace,
  name: string,
  tokens: Value,
  positions: Value,
  shape: MotionShape,
  level: number,
): Value {
  const width = tokens.shape[2] as number;
  const heads = shape.heads[level] as number;
  const table = trace.weight(`${name}.pos_embed.pe`, [1, shape.maxFrames, width], {
    dims: [shape.maxFrames, width],
  });
  const rows = trace.node('MatMul', [positions, table], ['frames', width], { name });
  const place = trace.node('Reshape', [rows, trace.constant('int64', [0, 1, width])], ['frames', 1, width], {
    name,
  });
  let x = tokens;
  for (const [norm, attention] of [
    ['norm1', 'attn1'],
    ['norm2', 'attn2'],
  ] as const) {
    const placed = add(trace, layerNorm(trace, `${name}.${norm}`, x), place);
    const project = (part: string) =>
      linear(trace, `${name}.${attention}.to_${part}`, placed, width, { bias: false });
    const mixed = attendAlongTime(trace, project('q'), project('k'), project('v'), heads);
    x = add(trace, linear(trace, `${name}.${attention}.to_out.0`, mixed, width), x);
  }
  return add(trace, geglu(trace, `${name}.ff`, layerNorm(trace, `${name}.norm3`, x)), x);
}

/** q, k and v are [frames, tokens, heads * size]; every token attends to the same token of the other frames. */
function attendAlongTime(trace: Trace, q: Value, k: Value, v: Value, heads: number): Value {
  const [frames, tokens, width] = q.shape as [Dimension, Dimension, number];
  const size = width / heads;
  const split = (x: Value, perm: readonly number[], shape: readonly Dimension[]) => {
    const parts = trace.node(
      'Reshape',
      [x, trace.constant('int64', [0, 0, heads, size])],
      [frames, tokens, heads, size],
    );
    return trace.node('Transpose', [parts], shape, { perm });
  };
  const rows = [tokens, heads, frames, size];
  const query = split(scale(trace, q, 1 / Math.sqrt(size)), [1, 2, 0, 3], rows);
  const key = split(k, [1, 2, 3, 0], [tokens, heads, size, frames]);
  const value = split(v, [1, 2, 0, 3], rows);
  const logits = trace.node('MatMul', [query, key], [tokens, heads, frames, frames]);
  const shares = trace.node('Softmax', [logits], logits.shape, { axis: -1 });
  const mixed = trace.node('MatMul', [shares, value], rows);
  const merged = trace.node('Transpose', [mixed], [frames, tokens, heads, size], { perm: [2, 0, 1, 3] });
  return trace.node('Reshape', [merged, trace.constant('int64', [0, 0, width])], q.shape);
}

/** A frame's part in the norm of all frames: mean and deviation of every group, [batch, groups, 2]. */
export function groupMoments(trace: Trace, x: Value, groups: number): Value {
  const batch = x.shape[0] as Dimension;
  const grouped = trace.node('Reshape', [x, trace.constant('int64', [0, groups, -1])], [batch, groups, '?']);
  const mean = meanOver(trace, grouped, 2, [batch, groups, 1]);
  const off = scale(trace, trace.node('Sub', [grouped, mean], grouped.shape), 1 / SHRINK);
  const square = meanOver(trace, trace.node('Mul', [off, off], off.shape), 2, [batch, groups, 1]);
  const deviation = scale(trace, trace.node('Sqrt', [square], square.shape), SHRINK);
  return trace.node('Concat', [mean, deviation], [batch, groups, 2], { axis: 2 });
}

/** Group norm over all frames and the whole picture, from what each frame says of itself. */
function normTogether(trace: Trace, name: string, tokens: Value, groups: number): Value {
  const [frames, count, channels] = tokens.shape as [Dimension, Dimension, number];
  const moments = trace.input('moments', ['frames', groups, 2]);
  const [means, deviations] = trace.nodes(
    'Split',
    [moments, trace.constant('int64', [1, 1])],
    [
      ['frames', groups, 1],
      ['frames', groups, 1],
    ],
    { name, axis: 2 },
  ) as [Value, Value];
  const all = [1, groups, 1];
  const mean = meanOver(trace, means, 0, all);
  const square = (x: Value) => trace.node('Mul', [x, x], x.shape);
  const within = square(scale(trace, deviations, 1 / SHRINK));
  const between = square(scale(trace, trace.node('Sub', [means, mean], means.shape), 1 / SHRINK));
  const variance = meanOver(trace, add(trace, within, between), 0, all);
  const epsilon = trace.constant('storage', [EPSILON / SHRINK ** 2], []);
  const root = trace.node('Sqrt', [trace.node('Add', [variance, epsilon], all)], all);
  const deviation = scale(trace, root, SHRINK);

  const grouped = [frames, count, groups, channels / groups];
  const split = trace.node('Reshape', [tokens, trace.constant('int64', [0, 0, groups, -1])], grouped, {
    name,
  });
  const even = trace.node('Div', [trace.node('Sub', [split, mean], grouped), deviation], grouped, { name });
  const back = trace.node('Reshape', [even, trace.constant('int64', [0, 0, channels])], tokens.shape, {
    name,
  });
  const scaled = trace.node('Mul', [back, trace.weight(`${name}.weight`, [channels])], tokens.shape, {
    name,
  });
  return trace.node('Add', [scaled, trace.weight(`${name}.bias`, [channels])], tokens.shape, { name });
}

function meanOver(trace: Trace, x: Value, axis: number, shape: readonly Dimension[]): Value {
  return trace.node('ReduceMean', [x], shape, { axes: [axis], keepdims: 1 });
}
