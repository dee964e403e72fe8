import { describe, expect, it } from 'vitest';
import { SMALL_AUTOENCODER } from '../../tools/generate-checkpoint.ts';
import { planAutoencoder } from './autoencoder.ts';
import type { SegmentPlan } from './trace.ts';
import { planUNet } from './unet.ts';

/** What the publishers' own pages and files say of their networks, from their configs. */

const STABLE_DIFFUSION_15 = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  center_input_sample: false,
  cross_attention_dim: 768,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  sample_size: 64,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
};

/** Fields that later releases of diffusers write out, none of which changes the network. */
const WRITTEN_LATER = {
  addition_embed_type: null,
  addition_embed_type_num_heads: 64,
  attention_type: 'default',
  class_embed_type: null,
  class_embeddings_concat: false,
  dropout: 0,
  dual_cross_attention: false,
  mid_block_only_cross_attention: null,
  mid_block_type: 'UNetMidBlock2DCrossAttn',
  num_attention_heads: null,
  only_cross_attention: false,
  resnet_out_scale_factor: 1,
  resnet_time_scale_shift: 'default',
  reverse_transformer_layers_per_block: null,
  time_embedding_type: 'positional',
  transformer_layers_per_block: 1,
  upcast_attention: null,
};

const STABLE_DIFFUSION_21 = {
  ...STABLE_DIFFUSION_15,
  attention_head_dim: [5, 10, 20, 20],
  cross_attention_dim: 1024,
  use_linear_projection: true,
};

const KL = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill('DownEncoderBlock2D'),
  up_block_types: Array(4).fill('UpDecoderBlock2D'),
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
};

const size = (plans: readonly SegmentPlan[]) => {
  const shapes = plans.flatMap(({ weights }) => weights.map(({ shape }) => shape));
  return {
    tensors: shapes.length,
    parameters: shapes.reduce((sum, shape) => sum + shape.reduce((product, dim) => product * dim, 1), 0),
  };
};

describe('published networks', () => {
  it('Stable Diffusion 1.5, cut at its 16 self-attentions', () => {
    for (const config of [STABLE_DIFFUSION_15, { ...STABLE_DIFFUSION_15, ...WRITTEN_LATER }]) {
      const { segments, attentions } = planUNet(config);
      expect(size(segments)).toEqual({ tensors: 686, parameters: 859_520_964 });
      expect(attentions).toHaveLength(16);
      expect(new Set(attentions.map(({ headSize }) => headSize))).toEqual(new Set([40, 80, 160]));
    }
  });

  it('Stable Diffusion 2.1', () => {
    const { segments, attentions } = planUNet(STABLE_DIFFUSION_21);
    expect(size(segments)).toEqual({ tensors: 686, parameters: 865_910_724 });
    expect(attentions.every(({ headSize }) => headSize === 64)).toBe(true);
  });

  it('their autoencoder, and the tiny one', () => {
    const [kl, tiny] = [planAutoencoder(KL), planAutoencoder(SMALL_AUTOENCODER)];
    expect(size([kl.encoder, kl.decoder])).toEqual({ tensors: 248, parameters: 83_653_863 });
    expect(size([tiny.encoder, tiny.decoder])).toEqual({ tensors: 134, parameters: 2_445_063 });
    expect([kl.factor, tiny.factor]).toEqual([8, 8]);
  });
});
