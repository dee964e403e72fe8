/**
 * The tensors of a single-file Stable Diffusion checkpoint, by walking the modules of its authors' own code as its
 * YAML config sets them up: written apart from the exporter's table of names, so that one checks the other.
 */
import type { Tensors } from './diffusers-tensors.ts';

export interface LdmShape {
  readonly width: number;
  readonly multiples: readonly number[];
  /** Levels, from the finest, whose blocks attend. */
  readonly attends: readonly boolean[];
  readonly context: number;
  /** Projections around the attentions are matrices, as in Stable Diffusion 2, in place of 1x1 convolutions. */
  readonly isLinear?: boolean;
  readonly vaeWidth: number;
  readonly vaeMultiples: readonly number[];
}

export const STABLE_DIFFUSION_15: LdmShape = {
  width: 320,
  multiples: [1, 2, 4, 4],
  attends: [true, true, true, false],
  context: 768,
  vaeWidth: 128,
  vaeMultiples: [1, 2, 4, 4],
};

const RES_BLOCKS = 2;

export function ldmTensors(shape: LdmShape): Tensors {
  const tensors: Tensors = new Map();
  addUNet(shape, (name, dims) => tensors.set(`model.diffusion_model.${name}`, dims));
  addAutoencoder(shape, (name, dims) => tensors.set(`first_stage_model.${name}`, dims));
  return tensors;
}

type Put = (name: string, dims: readonly number[]) => void;

const layers = (put: Put) => ({
  conv(name: string, from: number, to: number, kernel = 3) {
    put(`${name}.weight`, [to, from, kernel, kernel]);
    put(`${name}.bias`, [to]);
  },
  linear(name: string, from: number, to: number, bias = true) {
    put(`${name}.weight`, [to, from]);
    if (bias) put(`${name}.bias`, [to]);
  },
  norm(name: string, width: number) {
    put(`${name}.weight`, [width]);
    put(`${name}.bias`, [width]);
  },
});

function addUNet({ width, multiples, attends, context, isLinear }: LdmShape, put: Put): void {
  const { conv, linear, norm } = layers(put);
  const time = width * 4;
  const resBlock = (name: string, from: number, to: number) => {
    norm(`${name}.in_layers.0`, from);
    conv(`${name}.in_layers.2`, from, to);
    linear(`${name}.emb_layers.1`, time, to);
    norm(`${name}.out_layers.0`, to);
    conv(`${name}.out_layers.3`, to, to);
    if (from !== to) conv(`${name}.skip_connection`, from, to, 1);
  };
  const spatialTransformer = (name: string, size: number) => {
    norm(`${name}.norm`, size);
    const project = (part: string) =>
      isLinear ? linear(`${name}.${part}`, size, size) : conv(`${name}.${part}`, size, size, 1);
    project('proj_in');
    const block = `${name}.transformer_blocks.0`;
    for (const [attention, from] of [
      ['attn1', size],
      ['attn2', context],
    ] as const) {
      linear(`${block}.${attention}.to_q`, size, size, false);
      linear(`${block}.${attention}.to_k`, from, size, false);
      linear(`${block}.${attention}.to_v`, from, size, false);
      linear(`${block}.${attention}.to_out.0`, size, size);
    }
    linear(`${block}.ff.net.0.proj`, size, size * 8);
    linear(`${block}.ff.net.2`, size * 4, size);
    for (const n of [1, 2, 3]) norm(`${block}.norm${n}`, size);
    project('proj_out');
  };

  linear('time_embed.0', width, time);
  linear('time_embed.2', time, time);
  conv('input_blocks.0.0', 4, width);
  const kept = [width];
  let now = width;
  let block = 1;
  multiples.forEach((multiple, level) => {
    for (let i = 0; i < RES_BLOCKS; i++, block++) {
      resBlock(`input_blocks.${block}.0`, now, multiple * width);
      now = multiple * width;
      if (attends[level]) spatialTransformer(`input_blocks.${block}.1`, now);
      kept.push(now);
    }
    if (level === multiples.length - 1) return;
    conv(`input_blocks.${block++}.0.op`, now, now);
    kept.push(now);
  });
  resBlock('middle_block.0', now, now);
  spatialTransformer('middle_block.1', now);
  resBlock('middle_block.2', now, now);
  block = 0;
  for (let level = multiples.length - 1; level >= 0; level--) {
    for (let i = 0; i <= RES_BLOCKS; i++, block++) {
      const size = width * (multiples[level] as number);
      resBlock(`output_blocks.${block}.0`, now + (kept.pop() as number), size);
      now = size;
      let part = 1;
      if (attends[level]) spatialTransformer(`output_blocks.${block}.${part++}`, now);
      if (level > 0 && i === RES_BLOCKS) conv(`output_blocks.${block}.${part}.conv`, now, now);
    }
  }
  norm('out.0', now);
  conv('out.2', now, 4);
}

function addAutoencoder({ vaeWidth: width, vaeMultiples: multiples }: LdmShape, put: Put): void {
  const { conv, norm } = layers(put);
  const resBlock = (name: string, from: number, to: number) => {
    norm(`${name}.norm1`, from);
    conv(`${name}.conv1`, from, to);
    norm(`${name}.norm2`, to);
    conv(`${name}.conv2`, to, to);
    if (from !== to) conv(`${name}.nin_shortcut`, from, to, 1);
  };
  const middle = (name: string, size: number) => {
    resBlock(`${name}.block_1`, size, size);
    norm(`${name}.attn_1.norm`, size);
    for (const part of ['q', 'k', 'v', 'proj_out']) conv(`${name}.attn_1.${part}`, size, size, 1);
    resBlock(`${name}.block_2`, size, size);
  };
  let now = width;
  conv('encoder.conv_in', 3, width);
  multiples.forEach((multiple, level) => {
    for (let i = 0; i < RES_BLOCKS; i++) {
      resBlock(`encoder.down.${level}.block.${i}`, now, width * multiple);
      now = width * multiple;
    }
    if (level < multiples.length - 1) conv(`encoder.down.${level}.downsample.conv`, now, now);
  });
  middle('encoder.mid', now);
  norm('encoder.norm_out', now);
  conv('encoder.conv_out', now, 8);
  conv('decoder.conv_in', 4, now);
  middle('decoder.mid', now);
  for (let level = multiples.length - 1; level >= 0; level--) {
    for (let i = 0; i <= RES_BLOCKS; i++) {
      resBlock(`decoder.up.${level}.block.${i}`, now, width * (multiples[level] as number));
      now = width * (multiples[level] as number);
    }
    if (level > 0) conv(`decoder.up.${level}.upsample.conv`, now, now);
  }
  norm('decoder.norm_out', now);
  conv('decoder.conv_out', now, 3);
  conv('quant_conv', 8, 8, 1);
  conv('post_quant_conv', 4, 4, 1);
}
