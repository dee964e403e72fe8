import type { TemporalAttentionConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { layerNorm, linear } from './layers.ts';
import { attendAlongTime, MOVED, type MotionModule } from './motion.ts';
import { type SegmentPlan, Trace } from './trace.ts';

/**
 * Our own motion modules, after the U-Net's self-attentions: a U-Net needs no other cuts for them. Each adds to what
 * attention gave a token what it gave the same token in the frames around, less what it gave here: a picture that stands
 * still is left alone. Of time they know distances only, so the frames that a live session keeps have no beginning.
 */
export function planTemporalAttention(config: TemporalAttentionConfig): MotionModule[] {
  const wrong = (fault: string) => new UnknownArchitectureError('motion module', fault);
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const { slopes, width, channels } = config;
  if (!Array.isArray(slopes) || slopes.length === 0 || !slopes.every((slope) => slope >= 0))
    throw wrong(`slopes is ${JSON.stringify(slopes)}`);
  if (!Array.isArray(channels) || !channels.every((count) => isCount(count) && count % slopes.length === 0))
    throw wrong(`channels is ${JSON.stringify(channels)}`);
  if (!isCount(width) || width % slopes.length !== 0) throw wrong(`width is ${JSON.stringify(width)}`);
  if (!isCount(config.max_frames)) throw wrong(`max_frames is ${JSON.stringify(config.max_frames)}`);
  return channels.map((count, i) => ({
    name: `motion.${i}`,
    channels: count,
    plan: planModule(`motion.${i}`, count, config),
    takes: { tokens: `attention.${i}`, queries: `q.${i}` },
    measures: {},
    makes: `attention.${i}`,
  }));
}

/**
 * `past_keys` and `past_values` are what earlier runs made of earlier frames. `bias`, [heads, frames, past + frames], is
 * what distances in time cost, and keeps a frame from seeing what it must not (see temporalBias).
 */
function planModule(name: string, channels: number, { slopes, width }: TemporalAttentionConfig): SegmentPlan {
  const trace = new Trace(`Motion module ${name}`);
  const heads = slopes.length;
  const tokens = trace.input('tokens', ['frames', 'tokens', channels]);
  const queries = trace.input('queries', ['frames', 'tokens', channels]);
  const pastKeys = trace.input('past_keys', ['past', 'tokens', width]);
  const pastValues = trace.input('past_values', ['past', 'tokens', channels]);
  const bias = trace.input('bias', [heads, 'frames', 'seen']);
  const both = trace.node('Concat', [tokens, queries], ['frames', 'tokens', 2 * channels], { axis: 2 });
  const seen = layerNorm(trace, `${name}.norm`, both);
  const query = linear(trace, `${name}.to_q`, seen, width, { bias: false });
  const keys = linear(trace, `${name}.to_k`, seen, width, { bias: false });
  const values = linear(trace, `${name}.to_v`, tokens, channels, { bias: false });
  trace.output(keys, 'keys');
  trace.output(values, 'values');
  const all = (past: typeof keys, own: typeof keys) =>
    trace.node('Concat', [past, own], ['seen', 'tokens', own.shape[2] as number], { axis: 0 });
  const mixed = attendAlongTime(trace, query, all(pastKeys, keys), all(pastValues, values), heads, bias);
  const change = trace.node('Sub', [mixed, values], tokens.shape, { name });
  const added = linear(trace, `${name}.to_out`, change, channels, { bias: false });
  trace.output(trace.node('Add', [tokens, added], tokens.shape, { name }), MOVED);
  return trace.finish()[0] as SegmentPlan;
}

/** Far below every logit, and within half precision. */
const HIDDEN = -3e4;

/**
 * Frame numbers of what looks and of what is seen, to a module's `bias`; null is a place of the past that holds nothing.
 * Under a causal mask no frame sees a later one.
 */
export function temporalBias(
  slopes: readonly number[],
  frames: readonly number[],
  seen: readonly (number | null)[],
  isCausal: boolean,
): Float32Array<ArrayBuffer> {
  const bias = new Float32Array(slopes.length * frames.length * seen.length);
  let at = 0;
  for (const slope of slopes) {
    for (const frame of frames) {
      for (const other of seen) {
        const isHidden = other === null || (isCausal && other > frame);
        bias[at++] = isHidden ? HIDDEN : -slope * Math.abs(frame - other);
      }
    }
  }
  return bias;
}
