import { areWidths, isCount } from './bounds.ts';
import type { AutoencoderConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import {
  add,
  attend,
  conv,
  dimAt,
  groupNorm,
  linear,
  scale,
  silu,
  sizeAt,
  toPicture,
  toTokens,
  upsample,
} from './layers.ts';
import type { Dimension } from './model.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

interface KlShape {
  readonly widths: readonly number[];
  readonly layers: number;
  readonly groups: number;
  readonly middleAttends: boolean;
}

const EPSILON = 1e-6;

function shapeOf(config: AutoencoderConfig): KlShape {
  const wrong = (fault: string) => new UnknownArchitectureError('autoencoder', fault);
  const { block_out_channels: widths, layers_per_block: layers = 1, norm_num_groups: groups = 32 } = config;
  if (!areWidths(widths)) throw wrong('block_out_channels is not a list of widths');
  if (!isCount(layers)) throw wrong(`layers_per_block is ${JSON.stringify(layers)}`);
  if (!isCount(groups) || widths.some((width) => width % groups !== 0))
    throw wrong(`norm_num_groups is ${JSON.stringify(groups)}`);
  for (const [key, type] of [
    ['down_block_types', 'DownEncoderBlock2D'],
    ['up_block_types', 'UpDecoderBlock2D'],
  ] as const) {
    const types: unknown = config[key] ?? widths.map(() => type);
    if (!Array.isArray(types) || types.length !== widths.length || types.some((each) => each !== type)) {
      throw wrong(`${key} is ${JSON.stringify(types)}`);
    }
  }
  return { widths, layers, groups, middleAttends: config.mid_block_add_attention !== false };
}

/** The distribution's mode, so that one photo always has the same latents. */
export function planKlEncoder(config: AutoencoderConfig): SegmentPlan {
  const shape = shapeOf(config);
  const { widths, layers, groups } = shape;
  const trace = new Trace('Encoder');
  const image = trace.input('image', ['batch', config.in_channels, ...sizeAt(0)]);
  let x = conv(trace, 'encoder.conv_in', image, { out: widths[0] as number });
  widths.forEach((out, i) => {
    const block = `encoder.down_blocks.${i}`;
    for (let j = 0; j < layers; j++) x = resnet(trace, `${block}.resnets.${j}`, x, out, groups);
    if (i < widths.length - 1) {
      x = conv(trace, `${block}.downsamplers.0.conv`, x, {
        out,
        stride: 2,
        pads: [0, 0, 1, 1],
        size: sizeAt(i + 1),
      });
    }
  });
  x = middle(trace, 'encoder', x, shape);
  x = silu(trace, groupNorm(trace, 'encoder.conv_norm_out', x, groups, EPSILON));
  const channels = config.latent_channels;
  x = conv(trace, 'encoder.conv_out', x, { out: channels * 2 });
  if (config.use_quant_conv !== false) x = conv(trace, 'quant_conv', x, { out: channels * 2, kernel: 1 });
  const [batch, , ...rest] = x.shape as Dimension[];
  const from = (value: number) => trace.constant('int64', [value]);
  const mode = trace.node(
    'Slice',
    [x, from(0), from(channels), from(1)],
    [batch as Dimension, channels, ...rest],
  );
  const shift = shiftOf(config);
  const centred =
    shift === 0 ? mode : trace.node('Sub', [mode, trace.constant('storage', [shift], [])], mode.shape);
  trace.output(scale(trace, centred, factorOf(config)), 'latents');
  return trace.finish()[0] as SegmentPlan;
}

export function planKlDecoder(config: AutoencoderConfig): SegmentPlan {
  const shape = shapeOf(config);
  const { widths, layers, groups } = shape;
  const trace = new Trace('Decoder');
  const channels = config.latent_channels;
  const latents = trace.input('latents', ['batch', channels, ...sizeAt(widths.length - 1)]);
  let x = scale(trace, latents, 1 / factorOf(config));
  if (shiftOf(config) !== 0)
    x = trace.node('Add', [x, trace.constant('storage', [shiftOf(config)], [])], x.shape);
  if (config.use_post_quant_conv !== false)
    x = conv(trace, 'post_quant_conv', x, { out: channels, kernel: 1 });
  x = conv(trace, 'decoder.conv_in', x, { out: widths.at(-1) as number });
  x = middle(trace, 'decoder', x, shape);
  [...widths].reverse().forEach((out, i) => {
    const block = `decoder.up_blocks.${i}`;
    for (let j = 0; j <= layers; j++) x = resnet(trace, `${block}.resnets.${j}`, x, out, groups);
    if (i < widths.length - 1) {
      x = conv(trace, `${block}.upsamplers.0.conv`, upsample(trace, x, 2, sizeAt(widths.length - 2 - i)), {
        out,
      });
    }
  });
  x = silu(trace, groupNorm(trace, 'decoder.conv_norm_out', x, groups, EPSILON));
  trace.output(conv(trace, 'decoder.conv_out', x, { out: config.out_channels }), 'image');
  return trace.finish()[0] as SegmentPlan;
}

const factorOf = (config: AutoencoderConfig): number => config.scaling_factor ?? 0.18215;
const shiftOf = (config: AutoencoderConfig): number =>
  (config.shift_factor as number | null | undefined) ?? 0;

function resnet(trace: Trace, name: string, x: Value, out: number, groups: number): Value {
  let hidden = silu(trace, groupNorm(trace, `${name}.norm1`, x, groups, EPSILON));
  hidden = conv(trace, `${name}.conv1`, hidden, { out });
  hidden = silu(trace, groupNorm(trace, `${name}.norm2`, hidden, groups, EPSILON));
  hidden = conv(trace, `${name}.conv2`, hidden, { out });
  const straight = x.shape[1] === out ? x : conv(trace, `${name}.conv_shortcut`, x, { out, kernel: 1 });
  return add(trace, straight, hidden);
}

function middle(trace: Trace, side: string, input: Value, shape: KlShape): Value {
  const name = `${side}.mid_block`;
  const width = shape.widths.at(-1) as number;
  let x = resnet(trace, `${name}.resnets.0`, input, width, shape.groups);
  if (shape.middleAttends) {
    const attention = `${name}.attentions.0`;
    const even = groupNorm(trace, `${attention}.group_norm`, x, shape.groups, EPSILON);
    const tokens = toTokens(trace, even, dimAt('tokens', shape.widths.length - 1));
    const project = (part: string) => linear(trace, `${attention}.to_${part}`, tokens, width);
    const mixed = attend(trace, project('q'), project('k'), project('v'), 1);
    x = add(trace, toPicture(trace, linear(trace, `${attention}.to_out.0`, mixed, width), x), x);
  }
  return resnet(trace, `${name}.resnets.1`, x, width, shape.groups);
}

/** The autoencoder's attention before diffusers 0.15. */
export function presentAutoencoderName(name: string): string {
  return name.replace(
    /(mid_block\.attentions\.\d+)\.(query|key|value|proj_attn)\./,
    (_, block: string, part: string) =>
      `${block}.${{ query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' }[part]}.`,
  );
}
