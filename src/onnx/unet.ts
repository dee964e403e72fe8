import { isTemporalAttention, type MotionConfig, type UNetConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import {
  add,
  attend,
  conv,
  dimAt,
  geglu,
  groupNorm,
  layerNorm,
  linear,
  silu,
  sizeAt,
  toPicture,
  toTokens,
  upsampleLike,
} from './layers.ts';
import type { Dimension } from './model.ts';
import { groupMoments } from './motion.ts';
import { type MotionShape, motionShape } from './motion-shape.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';
import { type UNetShape, unetShape } from './unet-shape.ts';

export interface Attention {
  readonly heads: number;
  readonly headSize: number;
}

export interface UNetPlan {
  readonly segments: readonly SegmentPlan[];
  /** The self-attentions, in the order of the network. Without motion modules, i lies between segments i and i + 1. */
  readonly attentions: readonly Attention[];
  /** What lies between segment i and segment i + 1, by its number among its kind. */
  readonly cuts: readonly Cut[];
}

export type Cut = { readonly attention: number } | { readonly motion: number };

/**
 * diffusers' UNet2DConditionModel, cut at every self-attention: segment i ends in `q.i`, `k.i` and `v.i`, and the
 * next one takes `attention.i`. So one set of graphs serves the reference pass, where tokens attend to themselves,
 * and the target pass, where they see the reference's keys and values too.
 *
 * With motion modules it is cut after every layer too: there a segment ends in `hidden.i` and its tokens, `tokens.i`,
 * and the next one takes `hidden.i` and `moved.i`, which is added to it (see motion.ts). Between the two all frames meet; everywhere
 * else each goes its own way, so that what a clip takes in memory does not grow with what a frame's layers take.
 */
export function planUNet(config: UNetConfig, motion?: MotionConfig): UNetPlan {
  const shape = unetShape(config);
  // Our own modules lie behind the attentions, where it is cut anyway.
  const adapter = motion && !isTemporalAttention(motion) ? motionShape(motion) : undefined;
  const writer = new UNetWriter(shape, undefined, adapter);
  const segments = writer.write();
  const left = adapter?.places[writer.motions];
  if (left) throw new UnknownArchitectureError('motion module', `the U-Net has no place for ${left.name}`);
  return { segments, attentions: writer.attentions, cuts: writer.cuts };
}

/** A tensor of the denoiser in a reference net's segment. */
export const DENOISER_PREFIX = 'denoiser.';

export interface ReferenceNetPlan extends UNetPlan {
  /** Tensors that a whole U-Net has and a reference net, of which nothing is asked after its last attention, does not. */
  readonly spare: ReadonlySet<string>;
}

/**
 * A second U-Net that looks at the reference in the denoiser's place, as AnimateAnyone's does: segment i ends in the
 * `q.i`, `k.i` and `v.i` of its own attention, and in `kept.k.i` and `kept.v.i`: what it attends from, projected with
 * the denoiser's weights. The last one ends in these alone, and there is no segment after it.
 */
export function planReferenceNet(config: UNetConfig): ReferenceNetPlan {
  const whole = planUNet(config);
  const shape = unetShape(config);
  const writer = new UNetWriter(shape, whole.attentions.length);
  const segments = writer.write();
  const used = new Set(segments.flatMap(({ weights }) => weights.map(({ name }) => name)));
  const names = whole.segments.flatMap(({ weights }) => weights.map(({ name }) => name));
  return {
    segments,
    attentions: writer.attentions,
    cuts: writer.cuts.slice(0, -1),
    spare: new Set(names.filter((name) => !used.has(name))),
  };
}

class UNetWriter {
  readonly attentions: Attention[] = [];
  motions = 0;
  readonly cuts: Cut[] = [];
  private readonly trace: Trace;
  private readonly skips: Value[] = [];
  private readonly context: Value | undefined;

  /** A reference net keeps something at each of its attentions, whose number it must know; a denoiser nothing. */
  constructor(
    private readonly shape: UNetShape,
    private readonly kept?: number,
    private readonly motion?: MotionShape,
  ) {
    this.trace = new Trace(kept === undefined ? 'U-Net segment' : 'Reference net segment');
    const width = shape.crossAttentionWidth;
    if (width !== null) this.context = this.trace.input('context', ['batch', 'context_tokens', width]);
  }

  write(): SegmentPlan[] {
    const { trace, shape, skips } = this;
    const { levels } = shape;
    const first = (levels[0] as UNetShape['levels'][number]).channels;
    const time = this.timeEmbedding(trace.input('time', ['batch', first]), first * 4);
    const sample = trace.input('sample', ['batch', shape.inChannels, ...sizeAt(0)]);
    let x = conv(trace, 'conv_in', sample, { out: first, kernel: shape.convInKernel });
    if (this.kept === undefined) x = add(trace, x, trace.input('pose', ['batch', first, ...sizeAt(0)]));
    this.keepSkip(x);

    levels.forEach((level, i) => {
      const block = `down_blocks.${i}`;
      for (let j = 0; j < level.layers; j++) {
        x = this.resnet(`${block}.resnets.${j}`, x, level.channels, time);
        if (level.downAttends) x = this.transformer(`${block}.attentions.${j}`, x, i);
        x = this.move(`${block}.motion_modules.${j}`, x);
        this.keepSkip(x);
      }
      if (i < levels.length - 1) {
        x = this.downsample(`${block}.downsamplers.0.conv`, x, i + 1);
        this.keepSkip(x);
      }
    });

    if (shape.middle !== 'none') {
      const deepest = levels.length - 1;
      const { channels } = levels[deepest] as UNetShape['levels'][number];
      x = this.resnet('mid_block.resnets.0', x, channels, time);
      if (shape.middle === 'attention') {
        x = this.transformer('mid_block.attentions.0', x, deepest);
        x = this.move('mid_block.motion_modules.0', x);
        x = this.resnet('mid_block.resnets.1', x, channels, time);
      }
    }

    [...levels.entries()].reverse().forEach(([i, level], block) => {
      const name = `up_blocks.${block}`;
      for (let j = 0; j <= level.layers; j++) {
        x = this.resnet(`${name}.resnets.${j}`, this.joinSkip(x), level.channels, time);
        if (level.upAttends) x = this.transformer(`${name}.attentions.${j}`, x, i);
        x = this.move(`${name}.motion_modules.${j}`, x);
      }
      if (i > 0) {
        const larger = upsampleLike(trace, x, this.nextSkip);
        x = conv(trace, `${name}.upsamplers.0.conv`, larger, { out: level.channels });
      }
    });
    if (skips.length > 0) throw new Error('the up blocks leave skips unused');

    x = silu(trace, groupNorm(trace, 'conv_norm_out', x, shape.groups, shape.epsilon));
    x = conv(trace, 'conv_out', x, { out: shape.outChannels, kernel: shape.convOutKernel });
    trace.output(x, 'prediction');
    return trace.finish(this.kept);
  }

  /** With the SiLU that diffusers' ResnetBlock2D applies to it in every block: once serves them all. */
  private timeEmbedding(time: Value, width: number): Value {
    const { trace } = this;
    const hidden = silu(trace, linear(trace, 'time_embedding.linear_1', time, width));
    const embedding = silu(trace, linear(trace, 'time_embedding.linear_2', hidden, width));
    embedding.name = 'temb';
    return embedding;
  }

  private keepSkip(x: Value): void {
    x.name = `skip.${this.skips.length}`;
    this.skips.push(x);
  }

  private get nextSkip(): Value {
    const skip = this.skips.at(-1);
    if (skip === undefined) throw new Error('the up blocks ask for more skips than the down blocks left');
    return skip;
  }

  private joinSkip(x: Value): Value {
    const skip = this.nextSkip;
    this.skips.pop();
    const [batch, channels, ...size] = x.shape as [Dimension, number, ...Dimension[]];
    return this.trace.node('Concat', [x, skip], [batch, channels + (skip.shape[1] as number), ...size], {
      axis: 1,
    });
  }

  private resnet(name: string, x: Value, out: number, time: Value): Value {
    const { trace, shape } = this;
    const norm = (which: string, input: Value) =>
      silu(trace, groupNorm(trace, `${name}.${which}`, input, shape.groups, shape.epsilon));
    let hidden = conv(trace, `${name}.conv1`, norm('norm1', x), { out });
    const shift = linear(trace, `${name}.time_emb_proj`, time, out);
    const everywhere = trace.constant('int64', [0, out, 1, 1]);
    hidden = add(trace, hidden, trace.node('Reshape', [shift, everywhere], ['batch', out, 1, 1], { name }));
    hidden = conv(trace, `${name}.conv2`, norm('norm2', hidden), { out });
    const straight = x.shape[1] === out ? x : conv(trace, `${name}.conv_shortcut`, x, { out, kernel: 1 });
    return add(trace, straight, hidden);
  }

  private downsample(name: string, x: Value, level: number): Value {
    return conv(this.trace, name, x, {
      out: x.shape[1] as number,
      stride: 2,
      pads: this.shape.downsamplePadding === 0 ? [0, 0, 1, 1] : [1, 1, 1, 1],
      size: sizeAt(level),
    });
  }

  private transformer(name: string, x: Value, level: number): Value {
    const { trace, shape } = this;
    const { heads, transformerLayers } = shape.levels[level] as UNetShape['levels'][number];
    const width = x.shape[1] as number;
    const even = groupNorm(trace, `${name}.norm`, x, shape.groups, 1e-6);
    // A 1x1 convolution of the picture is a matrix product of its tokens, so both kinds of projection are one here.
    let tokens = linear(trace, `${name}.proj_in`, toTokens(trace, even, dimAt('tokens', level)), width, {
      keepsBias: true,
    });
    for (let i = 0; i < transformerLayers; i++) {
      tokens = this.transformerBlock(`${name}.transformer_blocks.${i}`, tokens, heads);
    }
    return add(trace, toPicture(trace, linear(trace, `${name}.proj_out`, tokens, width), x), x);
  }

  private transformerBlock(name: string, tokens: Value, heads: number): Value {
    const { trace, context } = this;
    let x = add(
      trace,
      this.selfAttention(`${name}.attn1`, layerNorm(trace, `${name}.norm1`, tokens), heads),
      tokens,
    );
    if (context !== undefined) {
      x = add(
        trace,
        this.crossAttention(`${name}.attn2`, layerNorm(trace, `${name}.norm2`, x), context, heads),
        x,
      );
    }
    return add(trace, geglu(trace, `${name}.ff`, layerNorm(trace, `${name}.norm3`, x)), x);
  }

  /** Ends the graph at q, k and v; the next one starts from what the runtime's attention makes of them. */
  private selfAttention(name: string, x: Value, heads: number): Value {
    const { trace, attentions } = this;
    const width = x.shape[2] as number;
    const cut = attentions.length;
    const project = (part: string, owner: string) =>
      linear(trace, `${owner}${name}.to_${part}`, x, width, { bias: false });
    const isLast = cut + 1 === this.kept;
    for (const part of isLast ? [] : ['q', 'k', 'v']) trace.output(project(part, ''), `${part}.${cut}`);
    for (const part of this.kept === undefined ? [] : ['k', 'v'])
      trace.output(project(part, DENOISER_PREFIX), `kept.${part}.${cut}`);
    this.cuts.push({ attention: cut });
    attentions.push({ heads, headSize: width / heads });
    trace.cut();
    return linear(trace, `${name}.to_out.0`, trace.input(`attention.${cut}`, x.shape), width);
  }

  /** Ends the graph where all frames meet; the next one starts from the frame and what was made of all of them. */
  private move(name: string, x: Value): Value {
    const { trace, motion } = this;
    if (motion === undefined) return x;
    const at = this.motions;
    const place = motion.places[at];
    if (place?.name !== name) {
      // The middle may have none.
      if (name.startsWith('mid_block')) return x;
      throw new UnknownArchitectureError('motion module', `the U-Net has a layer more, ${name}`);
    }
    const channels = x.shape[1] as number;
    const width = motion.channels[place.level];
    if (width !== channels)
      throw new UnknownArchitectureError(
        'motion module',
        `${name} is ${width} channels wide and the U-Net ${channels}`,
      );
    trace.output(x, `hidden.${at}`);
    const flat = toTokens(trace, x, dimAt('tokens', place.level));
    trace.output(flat, `tokens.${at}`);
    trace.output(groupMoments(trace, x, place.groups), `moments.${at}`);
    this.motions++;
    this.cuts.push({ motion: at });
    trace.cut();
    return add(trace, x, toPicture(trace, trace.input(`moved.${at}`, flat.shape), x));
  }

  private crossAttention(name: string, x: Value, context: Value, heads: number): Value {
    const { trace } = this;
    const width = x.shape[2] as number;
    const project = (part: string, from: Value) =>
      linear(trace, `${name}.to_${part}`, from, width, { bias: false });
    const mixed = attend(trace, project('q', x), project('k', context), project('v', context), heads);
    return linear(trace, `${name}.to_out.0`, mixed, width);
  }
}
