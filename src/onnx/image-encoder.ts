import { isCount } from './bounds.ts';
import type { ImageEncoderConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { add, attend, conv, gelu, layerNorm, linear, quickGelu, toTokens } from './layers.ts';
import type { Dimension } from './model.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

/** What the U-Net reads of the image: one token, its embedding; or what the last layer makes of every patch. */
export const IMAGE_TOKENS = ['image_embeds', 'last_hidden_state'] as const;
export type ImageTokens = (typeof IMAGE_TOKENS)[number];

export interface ImageEncoderPlan {
  readonly segments: readonly SegmentPlan[];
  /** The shape of its result: [batch, count, width]. */
  readonly tokens: { readonly count: number; readonly width: number };
}

/** Weights of one graph at most, in values: a graph is loaded, run and let go before the next one. */
const MOST_VALUES = 2 ** 26;

/** The class_embedding, then one token a patch. */
const CLASS_TOKENS = 1;

/**
 * transformers' CLIPVisionModelWithProjection, or CLIPVisionModel, in several graphs: `pixels`, the preprocessed
 * picture, to `tokens`.
 */
export function planImageEncoder(
  config: ImageEncoderConfig,
  tokens: ImageTokens,
  mostValues = MOST_VALUES,
): ImageEncoderPlan {
  const shape = imageEncoderShape(config, tokens);
  return {
    segments: new ImageEncoderWriter(shape).write(tokens, mostValues),
    tokens:
      tokens === 'image_embeds'
        ? { count: 1, width: shape.projection as number }
        : { count: tokenCount(shape), width: shape.width },
  };
}

/** How many tokens a U-Net reads at a time: one where there is no image encoder. */
export function contextTokens({
  configs: { imageEncoder },
  imageTokens,
}: {
  readonly configs: { readonly imageEncoder?: ImageEncoderConfig };
  readonly imageTokens?: ImageTokens;
}): number {
  return imageEncoder && imageTokens ? planImageEncoder(imageEncoder, imageTokens).tokens.count : 1;
}

/** What such an encoder can give a U-Net that reads tokens of this width; the likelier first. */
export function imageTokensOfWidth(config: ImageEncoderConfig, width: number): ImageTokens | undefined {
  if (projectionOf(config) === width) return 'image_embeds';
  return config.hidden_size === width ? 'last_hidden_state' : undefined;
}

interface Shape {
  readonly width: number;
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  readonly size: number;
  readonly patch: number;
  readonly projection: number | undefined;
  readonly activation: typeof gelu;
  readonly epsilon: number;
}

const tokenCount = ({ size, patch }: Shape): number => CLASS_TOKENS + Math.floor(size / patch) ** 2;

const ACTIVATIONS: Readonly<Record<string, typeof gelu>> = { quick_gelu: quickGelu, gelu };

function imageEncoderShape(config: ImageEncoderConfig, tokens: ImageTokens): Shape {
  const wrong = (fault: string) => new UnknownArchitectureError('image encoder', fault);
  const count = (key: string): number => {
    const value = config[key];
    if (!isCount(value)) throw wrong(`${key} is ${JSON.stringify(value)}`);
    return value;
  };
  const { architectures = [] } = config;
  if (!Array.isArray(architectures)) throw wrong('architectures is no list');
  const [architecture = 'CLIPVisionModelWithProjection'] = architectures;
  if (!/^CLIPVisionModel(WithProjection)?$/.test(architecture)) throw wrong(`it is a ${architecture}`);
  const { hidden_act: act = 'quick_gelu', layer_norm_eps: epsilon = 1e-5 } = config;
  const activation = Object.hasOwn(ACTIVATIONS, act) ? ACTIVATIONS[act] : undefined;
  if (activation === undefined) throw wrong(`hidden_act is ${JSON.stringify(act)}`);
  if ((config.num_channels ?? 3) !== 3) throw wrong(`num_channels is ${JSON.stringify(config.num_channels)}`);
  if (!(epsilon > 0)) throw wrong(`layer_norm_eps is ${JSON.stringify(epsilon)}`);
  const shape = {
    width: count('hidden_size'),
    inner: count('intermediate_size'),
    layers: count('num_hidden_layers'),
    heads: count('num_attention_heads'),
    size: count('image_size'),
    patch: count('patch_size'),
    projection: projectionOf(config),
    activation,
    epsilon,
  };
  if (shape.width % shape.heads !== 0)
    throw wrong(`${shape.width} channels cannot be split into ${shape.heads} heads`);
  if (shape.patch > shape.size) throw wrong('its patches are larger than its image');
  if (tokens === 'image_embeds' && shape.projection === undefined)
    throw wrong('it has no projection, so no image_embeds');
  return shape;
}

function projectionOf({ architectures, projection_dim: width }: ImageEncoderConfig): number | undefined {
  if (architectures?.[0] === 'CLIPVisionModel') return undefined;
  return Number.isInteger(width) ? width : undefined;
}

class ImageEncoderWriter {
  private readonly trace = new Trace('Image encoder');

  constructor(private readonly shape: Shape) {}

  write(tokens: ImageTokens, mostValues: number): SegmentPlan[] {
    const { trace, shape } = this;
    const { width, inner, layers } = shape;
    const perSegment = Math.max(1, Math.floor(mostValues / (4 * width * width + 2 * width * inner)));
    let x = this.norm('pre_layrnorm', this.embeddings());
    for (let i = 0; i < layers; i++) {
      if (i > 0 && i % perSegment === 0) {
        x.name = `hidden.${i / perSegment}`;
        trace.cut();
      }
      x = this.layer(`vision_model.encoder.layers.${i}`, x);
    }
    trace.output(tokens === 'image_embeds' ? this.embedding(x) : x, 'tokens');
    return trace.finish();
  }

  private norm(name: string, x: Value): Value {
    return layerNorm(this.trace, `vision_model.${name}`, x, this.shape.epsilon);
  }

  private embeddings(): Value {
    const { trace, shape } = this;
    const { width, size, patch } = shape;
    const name = 'vision_model.embeddings';
    const across = Math.floor(size / patch);
    const pixels = trace.input('pixels', ['batch', 3, size, size]);
    const patches = conv(trace, `${name}.patch_embedding`, pixels, {
      out: width,
      kernel: patch,
      stride: patch,
      pads: [0, 0, 0, 0],
      bias: false,
      size: [across, across],
    });
    const seen = toTokens(trace, patches, across * across);
    const classToken = trace.weight(`${name}.class_embedding`, [width], { dims: [1, 1, width] });
    const batch = trace.node('Shape', [seen], [1], { start: 0, end: 1 });
    const rest = trace.constant('int64', [1, width]);
    const target = trace.node('Concat', [batch, rest], [3], { axis: 0 });
    const first = trace.node('Expand', [classToken, target], ['batch', 1, width], { name });
    const count = tokenCount(shape);
    const all = trace.node('Concat', [first, seen], ['batch', count, width], { name, axis: 1 });
    return add(trace, all, trace.weight(`${name}.position_embedding.weight`, [count, width]));
  }

  private layer(name: string, x: Value): Value {
    const { trace, shape } = this;
    const { width, inner, heads, epsilon, activation } = shape;
    const even = layerNorm(trace, `${name}.layer_norm1`, x, epsilon);
    const project = (part: string, from: Value) =>
      linear(trace, `${name}.self_attn.${part}_proj`, from, width);
    const mixed = attend(trace, project('q', even), project('k', even), project('v', even), heads);
    const attended = add(trace, x, project('out', mixed));
    const hidden = linear(
      trace,
      `${name}.mlp.fc1`,
      layerNorm(trace, `${name}.layer_norm2`, attended, epsilon),
      inner,
    );
    return add(trace, attended, linear(trace, `${name}.mlp.fc2`, activation(trace, hidden), width));
  }

  /** The class token's, in the space that text and images share. */
  private embedding(x: Value): Value {
    const { trace, shape } = this;
    const at = (value: number) => trace.constant('int64', [value]);
    const first = trace.node('Slice', [x, at(0), at(1), at(1)], [x.shape[0] as Dimension, 1, shape.width]);
    return linear(
      trace,
      'visual_projection',
      this.norm('post_layernorm', first),
      shape.projection as number,
      {
        bias: false,
      },
    );
  }
}
