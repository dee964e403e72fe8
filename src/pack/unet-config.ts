import type { UNetConfig } from '../onnx/configs.ts';
import { UnsupportedWeightsError } from './errors.ts';
import type { TensorInfo } from './tensor-file.ts';

export interface Level {
  channels: number;
  layers: number;
  attends: boolean;
}

/** What a U-Net's tensors say of it. Undefined is what was not found. */
export interface UNetSigns {
  readonly levels: readonly Level[];
  readonly inChannels: number | undefined;
  /** A reference net may have no last layer, since nobody looks at what it would paint. */
  readonly outChannels: number | undefined;
  /** Width of the tokens that cross-attention reads. */
  readonly context: number | undefined;
  /** The shape of a transformer's proj_in: a matrix, or a convolution. */
  readonly projection: readonly number[] | undefined;
}

/** What other numbers of input channels than 4 were made for. */
const INPUTS: Readonly<Record<number, string>> = {
  5: 'a U-Net that also takes a depth map',
  7: 'a U-Net for enlarging pictures',
  8: 'a U-Net for editing pictures (InstructPix2Pix)',
  9: 'an inpainting U-Net',
};

/** Stable Diffusion's config for tensors that came without one. Their shapes say all of it but the number of heads. */
export function stableDiffusionConfig(signs: UNetSigns, path: string): UNetConfig {
  const unsupported = (what: string) => new UnsupportedWeightsError(path, what);
  const { levels, inChannels, outChannels = inChannels, context, projection } = signs;
  if (
    context === undefined ||
    inChannels === undefined ||
    outChannels === undefined ||
    projection === undefined
  ) {
    throw unsupported('a U-Net without the blocks of Stable Diffusion 1 or 2');
  }
  const special = INPUTS[inChannels];
  if (special) throw unsupported(`${special} (${inChannels} input channels)`);
  if (context !== 768 && context !== 1024) {
    throw unsupported(
      `a U-Net whose cross-attention reads tokens ${context} wide, which is neither Stable Diffusion 1 nor 2`,
    );
  }
  const attends = levels.map((level) => level.attends);
  const widths = levels.map(({ channels }) => channels);
  return {
    _class_name: 'UNet2DConditionModel',
    sample_size: 64,
    in_channels: inChannels,
    out_channels: outChannels,
    down_block_types: attends.map((each) => (each ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: attends.map((each) => (each ? 'CrossAttnUpBlock2D' : 'UpBlock2D')).reverse(),
    block_out_channels: widths,
    layers_per_block: levels.map(({ layers }) => layers),
    norm_num_groups: 32,
    norm_eps: 1e-5,
    cross_attention_dim: context,
    // Stable Diffusion 1 has 8 heads everywhere, 2 has heads of 64.
    attention_head_dim: context === 768 ? 8 : widths.map((width) => Math.max(1, width / 64)),
    use_linear_projection: projection.length === 2,
    flip_sin_to_cos: true,
    freq_shift: 0,
    act_fn: 'silu',
    downsample_padding: 1,
  };
}

/**
 * The same for a U-Net under diffusers' names, as AnimateAnyone's are published: without a config. Undefined for one
 * without cross-attention, whose heads nothing tells.
 */
export function unetConfigOf(tensors: ReadonlyMap<string, TensorInfo>, path: string): UNetConfig | undefined {
  const shapeOf = (name: string) => tensors.get(`${name}.weight`)?.shape;
  const levels: Level[] = [];
  for (;;) {
    const block = `down_blocks.${levels.length}`;
    const channels = shapeOf(`${block}.resnets.0.conv1`)?.[0];
    if (channels === undefined) break;
    let layers = 1;
    while (shapeOf(`${block}.resnets.${layers}.conv1`)) layers++;
    levels.push({ channels, layers, attends: shapeOf(`${block}.attentions.0.proj_in`) !== undefined });
  }
  const middle = 'mid_block.attentions.0';
  const context = shapeOf(`${middle}.transformer_blocks.0.attn2.to_k`)?.[1];
  if (context === undefined) return undefined;
  return stableDiffusionConfig(
    {
      levels,
      inChannels: shapeOf('conv_in')?.[1],
      outChannels: shapeOf('conv_out')?.[0],
      context,
      projection: shapeOf(`${middle}.proj_in`),
    },
    path,
  );
}
