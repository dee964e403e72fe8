import type { MotionConfig, UNetConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import type { UNetShape } from './unet-shape.ts';

/** What a motion module is, once for all of a U-Net's. */
export interface MotionShape {
  readonly groups: number;
  /** In up blocks without attention. */
  readonly plainUpGroups: number;
  readonly maxFrames: number;
  /** Whether the group norm measures every frame by itself, or all of them as one. */
  readonly normEach: boolean;
  /** From the finest level. */
  readonly heads: readonly number[];
  readonly layers: readonly number[];
  readonly inMiddle: boolean;
}

export function motionShape(config: MotionConfig, unet: UNetShape): MotionShape {
  const wrong = (fault: string) => new UnknownArchitectureError('motion module', fault);
  const count = (key: string, value: unknown): number => {
    if (!Number.isInteger(value) || (value as number) < 1) throw wrong(`${key} is ${JSON.stringify(value)}`);
    return value as number;
  };
  const perLevel = (key: string, value: unknown): number[] => {
    const list = Array.isArray(value) ? value : unet.levels.map(() => value);
    if (list.length !== unet.levels.length)
      throw wrong(`${key} has ${list.length} entries for ${unet.levels.length} levels`);
    return list.map((item) => count(key, item));
  };
  if (config.conv_in_channels != null) throw wrong('conv_in_channels is not null');
  const widths = unet.levels.map(({ channels }) => channels);
  if (config.block_out_channels.join() !== widths.join())
    throw wrong(`it is made for levels of ${config.block_out_channels.join(', ')} channels`);
  const inMiddle = config.use_motion_mid_block && unet.middle === 'attention';
  if (config.use_motion_mid_block && !inMiddle) throw wrong("the U-Net's middle has no place for it");
  const layersPerBlock = perLevel('motion_layers_per_block', config.motion_layers_per_block ?? 2);
  if (layersPerBlock.some((layers, i) => layers !== unet.levels[i]?.layers))
    throw wrong(`motion_layers_per_block is ${JSON.stringify(config.motion_layers_per_block)}`);
  if ((config.motion_mid_block_layers_per_block ?? 1) !== 1)
    throw wrong('motion_mid_block_layers_per_block is not 1');
  const shape = {
    groups: count('motion_norm_num_groups', config.motion_norm_num_groups),
    plainUpGroups: count(
      'plain_up_norm_num_groups',
      config.plain_up_norm_num_groups ?? config.motion_norm_num_groups,
    ),
    maxFrames: count('motion_max_seq_length', config.motion_max_seq_length),
    normEach: config.norm_each_frame ?? false,
    heads: perLevel('motion_num_attention_heads', config.motion_num_attention_heads),
    layers: perLevel('motion_transformer_layers_per_block', config.motion_transformer_layers_per_block ?? 1),
    inMiddle,
  };
  for (const [i, { channels, upAttends }] of unet.levels.entries()) {
    for (const groups of upAttends ? [shape.groups] : [shape.groups, shape.plainUpGroups])
      if (channels % groups !== 0) throw wrong(`${channels} channels cannot be split into ${groups} groups`);
    if (channels % (shape.heads[i] as number) !== 0)
      throw wrong(`${channels} channels cannot be split into ${shape.heads[i]} heads`);
  }
  return shape;
}

/**
 * A U-Net with its motion modules inside, diffusers' UNetMotionModel, as the two configs that it comes to: the frames'
 * U-Net and the modules. Undefined for a U-Net of another class.
 */
export function splitMotionModel(
  config: UNetConfig,
): { readonly unet: UNetConfig; readonly motion: MotionConfig } | undefined {
  if (config._class_name !== 'UNetMotionModel') return undefined;
  const {
    motion_max_seq_length = 32,
    motion_num_attention_heads = 8,
    use_motion_mid_block = true,
    temporal_transformer_layers_per_block = 1,
    num_attention_heads = 8,
    ...rest
  } = config;
  const plain = (types: readonly string[]) => types.map((type) => type.replace(/BlockMotion$/, 'Block2D'));
  return {
    unet: {
      ...rest,
      _class_name: 'UNet2DConditionModel',
      down_block_types: plain(config.down_block_types),
      up_block_types: plain(config.up_block_types),
      mid_block_type: 'UNetMidBlock2DCrossAttn',
      attention_head_dim: num_attention_heads as number | readonly number[],
      flip_sin_to_cos: true,
      freq_shift: 0,
    },
    motion: {
      _class_name: 'MotionAdapter',
      block_out_channels: config.block_out_channels,
      motion_layers_per_block: config.layers_per_block,
      motion_transformer_layers_per_block: temporal_transformer_layers_per_block as number,
      motion_num_attention_heads: motion_num_attention_heads as number,
      // The class has no setting of its own for it.
      motion_norm_num_groups: config.norm_num_groups,
      plain_up_norm_num_groups: 32,
      motion_max_seq_length: motion_max_seq_length as number,
      use_motion_mid_block: use_motion_mid_block as boolean,
    },
  };
}
