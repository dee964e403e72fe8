import { isTemporalAttention, type MotionConfig } from './configs.ts';
import { add, geglu, layerNorm, linear, scale } from './layers.ts';
import type { Dimension } from './model.ts';
import { type MotionShape, motionShape } from './motion-shape.ts';
import { planTemporalAttention } from './temporal-attention.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

/**
 * A module that looks along time: at one token of the picture in every frame of a window. All frames go through the
 * U-Net up to it, and what it makes of them goes on into the U-Net, frame by frame. Its graph has the frames first:
 * [frames, tokens, channels]. Every token looks at itself in the other frames and at nothing else, so a large picture
 * goes through in runs of tokens, to the same result.
 */
export interface MotionModule {
  /** Its name in the checkpoint, and the first part of its tensors' names. */
  readonly name: string;
  readonly channels: number;
  readonly plan: SegmentPlan;
  /** By the graph's inputs, the U-Net's values that it takes of every frame: [1, tokens, width] each, */
  readonly takes: Readonly<Record<string, string>>;
  /** and those that are not by token: [1, groups, 2]. */
  readonly measures: Readonly<Record<string, string>>;
  /** The U-Net's value that its graph's `moved` is for every frame. */
  readonly makes: string;
}

export interface MotionPlan {
  readonly modules: readonly MotionModule[];
  /** Of modules that the U-Net is cut for: how they lie in it. */
  readonly shape?: MotionShape;
}

/** By the graph's output, in every kind of module. */
export const MOVED = 'moved';

const EPSILON = 1e-6;
/** Squares of half precision stay within its range when differences are first made so much smaller. */
const SHRINK = 8;

export function planMotion(config: MotionConfig): MotionPlan {
  if (isTemporalAttention(config)) return { modules: planTemporalAttention(config) };
  const shape = motionShape(config);
  const modules = shape.places.map(({ name, level, groups }, i): MotionModule => {
    const channels = shape.channels[level] as number;
    return {
      name,
      channels,
      plan: planModule(name, channels, level, groups, shape),
      takes: { tokens: `tokens.${i}` },
      measures: { moments: `moments.${i}` },
      makes: `moved.${i}`,
    };
  });
  return { modules, shape };
}

/**
 * AnimateDiff's module, without the frame that it is added to. `positions` has a row for every frame: a one where in the
 * table of positions it stands. `moments` are what each frame says of itself (see groupMoments).
 */
function planModule(
  name: string,
  channels: number,
  level: number,
  groups: number,
  shape: MotionShape,
): SegmentPlan {
  const trace = new Trace(`Motion module ${name}`);
  const tokens = trace.input('tokens', ['frames', 'tokens', channels]);
  const positions = trace.input('positions', ['frames', shape.maxFrames]);
  const even = groupNorm(trace, `${name}.norm`, tokens, groups, shape.normEach);
  let x = linear(trace, `${name}.proj_in`, even, channels);
  for (let i = 0; i < (shape.layers[level] as number); i++) {
    x = block(trace, `${name}.transformer_blocks.${i}`, x, positions, shape, level);
  }
  trace.output(linear(trace, `${name}.proj_out`, x, channels, { keepsBias: true }), MOVED);
  return trace.finish()[0] as SegmentPlan;
}

function block(
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

/**
 * q is [frames, tokens, width], k and v are [others, tokens, width]; every token attends to the same token of the other
 * frames. `bias`, [heads, frames, others], is added to the logits.
 */
export function attendAlongTime(
  trace: Trace,
  q: Value,
  k: Value,
  v: Value,
  heads: number,
  bias?: Value,
): Value {
  const [frames, tokens] = q.shape as [Dimension, Dimension];
  const [others, , width] = v.shape as [Dimension, Dimension, number];
  const split = (x: Value, perm: readonly number[], shape: (size: number) => readonly Dimension[]) => {
    const size = (x.shape[2] as number) / heads;
    const parts = trace.node(
      'Reshape',
      [x, trace.constant('int64', [0, 0, heads, size])],
      [...x.shape.slice(0, 2), heads, size],
    );
    return trace.node('Transpose', [parts], shape(size), { perm });
  };
  const size = (q.shape[2] as number) / heads;
  const query = split(scale(trace, q, 1 / Math.sqrt(size)), [1, 2, 0, 3], (n) => [tokens, heads, frames, n]);
  const key = split(k, [1, 2, 3, 0], (n) => [tokens, heads, n, others]);
  const value = split(v, [1, 2, 0, 3], (n) => [tokens, heads, others, n]);
  let logits = trace.node('MatMul', [query, key], [tokens, heads, frames, others]);
  if (bias) logits = add(trace, logits, bias);
  const shares = trace.node('Softmax', [logits], logits.shape, { axis: -1 });
  const mixed = trace.node('MatMul', [shares, value], [tokens, heads, frames, width / heads]);
  const merged = trace.node('Transpose', [mixed], [frames, tokens, heads, width / heads], {
    perm: [2, 0, 1, 3],
  });
  return trace.node('Reshape', [merged, trace.constant('int64', [0, 0, width])], [frames, tokens, width]);
}

/** A frame's part in a norm over all tokens: mean and deviation of every group, [batch, groups, 2]. */
export function groupMoments(trace: Trace, x: Value, groups: number): Value {
  const batch = x.shape[0] as Dimension;
  const grouped = trace.node('Reshape', [x, trace.constant('int64', [0, groups, -1])], [batch, groups, '?']);
  const mean = meanOver(trace, grouped, 2, [batch, groups, 1]);
  const off = scale(trace, trace.node('Sub', [grouped, mean], grouped.shape), 1 / SHRINK);
  const square = meanOver(trace, trace.node('Mul', [off, off], off.shape), 2, [batch, groups, 1]);
  const deviation = scale(trace, trace.node('Sqrt', [square], square.shape), SHRINK);
  return trace.node('Concat', [mean, deviation], [batch, groups, 2], { axis: 2 });
}

/** Group norm of each frame by itself, or over all of them as one, from what each frame says of itself. */
function groupNorm(trace: Trace, name: string, tokens: Value, groups: number, isEach: boolean): Value {
  const [frames, count, channels] = tokens.shape as [Dimension, Dimension, number];
  const moments = trace.input('moments', ['frames', groups, 2]);
  const half = ['frames', groups, 1];
  const [means, deviations] = trace.nodes('Split', [moments, trace.constant('int64', [1, 1])], [half, half], {
    name,
    axis: 2,
  }) as [Value, Value];
  const square = (x: Value) => trace.node('Mul', [x, x], x.shape);
  const within = square(scale(trace, deviations, 1 / SHRINK));
  let [mean, variance] = [means, within];
  if (!isEach) {
    mean = meanOver(trace, means, 0, [1, groups, 1]);
    const between = square(scale(trace, trace.node('Sub', [means, mean], means.shape), 1 / SHRINK));
    variance = meanOver(trace, add(trace, within, between), 0, [1, groups, 1]);
  }
  const epsilon = trace.constant('storage', [EPSILON / SHRINK ** 2], []);
  const root = trace.node('Sqrt', [trace.node('Add', [variance, epsilon], variance.shape)], variance.shape);
  const grouped = [frames, count, groups, channels / groups];
  const beside = (x: Value) =>
    trace.node(
      'Reshape',
      [x, trace.constant('int64', [-1, 1, groups, 1])],
      [x.shape[0] as Dimension, 1, groups, 1],
    );
  const split = trace.node('Reshape', [tokens, trace.constant('int64', [0, 0, groups, -1])], grouped, {
    name,
  });
  const centred = trace.node('Sub', [split, beside(mean)], grouped, { name });
  const even = trace.node('Div', [centred, beside(scale(trace, root, SHRINK))], grouped, { name });
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
