import { areWidths, isCount } from './bounds.ts';
import type { AutoencoderConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { add, conv, relu, scale, sizeAt, upsample } from './layers.ts';
import { type SegmentPlan, Trace, type Value } from './trace.ts';

interface TinyShape {
  readonly widths: readonly number[];
  readonly blocks: readonly number[];
}

const wrong = (fault: string) => new UnknownArchitectureError('autoencoder', fault);

function shapeOf(config: AutoencoderConfig, side: 'encoder' | 'decoder'): TinyShape {
  const widths = config[`${side}_block_out_channels`];
  const blocks = config[`num_${side}_blocks`];
  // A level may have none, as two of the default pack's have.
  const areBlocks = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((count) => count === 0 || isCount(count));
  if (!areWidths(widths) || !areBlocks(blocks) || widths.length !== blocks.length) {
    throw wrong(`${side}_block_out_channels and num_${side}_blocks do not go together`);
  }
  // diffusers' own class fails on unequal widths when it runs.
  if (new Set(widths).size > 1) throw wrong(`${side}_block_out_channels has different widths`);
  if (config.act_fn !== undefined && config.act_fn !== 'relu')
    throw wrong(`act_fn is ${JSON.stringify(config.act_fn)}`);
  if ((config.upsampling_scaling_factor ?? 2) !== 2) {
    throw wrong(`upsampling_scaling_factor is ${JSON.stringify(config.upsampling_scaling_factor)}`);
  }
  if ((config.upsample_fn ?? 'nearest') !== 'nearest')
    throw wrong(`upsample_fn is ${JSON.stringify(config.upsample_fn)}`);
  return { widths, blocks };
}

const latentScale = (config: AutoencoderConfig): number => config.scaling_factor ?? 1;

export function planTinyEncoder(config: AutoencoderConfig): SegmentPlan {
  const { widths, blocks } = shapeOf(config, 'encoder');
  const trace = new Trace('Encoder');
  const image = trace.input('image', ['batch', config.in_channels, ...sizeAt(0)]);
  const half = trace.constant('storage', [0.5], []);
  let x = trace.node('Add', [scale(trace, image, 0.5), half], image.shape);
  let layer = 0;
  widths.forEach((width, i) => {
    x = conv(trace, `encoder.layers.${layer++}`, x, {
      out: width,
      ...(i > 0 && { stride: 2, bias: false, size: sizeAt(i) }),
    });
    for (let j = 0; j < (blocks[i] as number); j++) x = block(trace, `encoder.layers.${layer++}`, x);
  });
  x = conv(trace, `encoder.layers.${layer}`, x, { out: config.latent_channels });
  if (latentScale(config) !== 1) x = scale(trace, x, latentScale(config));
  trace.output(x, 'latents');
  return trace.finish()[0] as SegmentPlan;
}

export function planTinyDecoder(config: AutoencoderConfig): SegmentPlan {
  const { widths, blocks } = shapeOf(config, 'decoder');
  const trace = new Trace('Decoder');
  const latents = trace.input('latents', ['batch', config.latent_channels, ...sizeAt(widths.length - 1)]);
  const third = scale(trace, latents, 1 / (3 * latentScale(config)));
  let x = scale(trace, trace.node('Tanh', [third], third.shape), 3);
  x = relu(trace, conv(trace, 'decoder.layers.0', x, { out: widths[0] as number }));
  let layer = 2;
  widths.forEach((width, i) => {
    const isLast = i === widths.length - 1;
    for (let j = 0; j < (blocks[i] as number); j++) x = block(trace, `decoder.layers.${layer++}`, x);
    if (!isLast) {
      x = upsample(trace, x, 2, sizeAt(widths.length - 2 - i));
      layer++;
    }
    x = conv(trace, `decoder.layers.${layer++}`, x, {
      out: isLast ? config.out_channels : width,
      bias: isLast,
    });
  });
  const one = trace.constant('storage', [1], []);
  trace.output(trace.node('Sub', [scale(trace, x, 2), one], x.shape), 'image');
  return trace.finish()[0] as SegmentPlan;
}

function block(trace: Trace, name: string, x: Value): Value {
  const out = x.shape[1] as number;
  const first = relu(trace, conv(trace, `${name}.conv.0`, x, { out }));
  const second = relu(trace, conv(trace, `${name}.conv.2`, first, { out }));
  return relu(trace, add(trace, conv(trace, `${name}.conv.4`, second, { out }), x));
}
