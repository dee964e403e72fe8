import type { MotionAdapterConfig, UNetConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';

/** How AnimateDiff's modules lie in a U-Net: one after every layer. */
export interface MotionShape {
  readonly maxFrames: number;
  /** Whether the group norm measures every frame by itself, or all of them as one. */
  readonly normEach: boolean;
  /** From the finest level. */
  readonly channels: readonly number[];
  readonly heads: readonly number[];
  readonly layers: readonly number[];
  readonly places: readonly MotionPlace[];
}

export interface MotionPlace {
  readonly name: string;
  readonly level: number;
  readonly groups: number;
}

/** Far more than any network has: a config that asks for more would keep the planner busy for good. */
const MOST = 64;

export function motionShape(config: MotionAdapterConfig): MotionShape {
  const wrong = (fault: string) => new UnknownArchitectureError('motion module', fault);
  const count = (key: string, value: unknown, most = MOST): number => {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most)
      throw wrong(`${key} is ${JSON.stringify(value)}`);
    return value as number;
  };
  const channels = config.block_out_channels;
  if (!Array.isArray(channels) || channels.length === 0 || channels.length > MOST)
    throw wrong('block_out_channels is not a list of widths');
  const perLevel = (key: string, value: unknown): number[] => {
    const list = Array.isArray(value) ? value : channels.map(() => value);
    if (list.length !== channels.length)
      throw wrong(`${key} has ${list.length} entries for ${channels.length} levels`);
    return list.map((item) => count(key, item));
  };
  if (config.conv_in_channels != null) throw wrong('conv_in_channels is not null');
  if ((config.motion_mid_block_layers_per_block ?? 1) !== 1)
    throw wrong('motion_mid_block_layers_per_block is not 1');
  const blocks = perLevel('motion_layers_per_block', config.motion_layers_per_block ?? 2);
  const groups = count('motion_norm_num_groups', config.motion_norm_num_groups, 4096);
  const up = perLevel('up_norm_num_groups', config.up_norm_num_groups ?? groups);
  const heads = perLevel('motion_num_attention_heads', config.motion_num_attention_heads);
  const deepest = channels.length - 1;
  const places: MotionPlace[] = [];
  for (const [level, layers] of blocks.entries()) {
    for (let i = 0; i < layers; i++)
      places.push({ name: `down_blocks.${level}.motion_modules.${i}`, level, groups });
  }
  if (config.use_motion_mid_block)
    places.push({ name: 'mid_block.motion_modules.0', level: deepest, groups });
  for (let block = 0; block <= deepest; block++) {
    const level = deepest - block;
    for (let i = 0; i <= (blocks[level] as number); i++)
      places.push({ name: `up_blocks.${block}.motion_modules.${i}`, level, groups: up[block] as number });
  }
  for (const { level, groups: each } of places) {
    const width = count('block_out_channels', channels[level], 65536);
    if (width % each !== 0) throw wrong(`${width} channels cannot be split into ${each} groups`);
    if (width % (heads[level] as number) !== 0)
      throw wrong(`${width} channels cannot be split into ${heads[level]} heads`);
  }
  return {
    maxFrames: count('motion_max_seq_length', config.motion_max_seq_length, 4096),
    normEach: config.norm_each_frame ?? false,
    channels,
    heads,
    layers: perLevel('motion_transformer_layers_per_block', config.motion_transformer_layers_per_block ?? 1),
    places,
  };
}

/** The number of groups in up blocks without attention, which diffusers' class fixes. */
const PLAIN_UP_GROUPS = 32;

/**
 * A U-Net with its motion modules inside, diffusers' UNetMotionModel, as the two configs that it comes to: the frames'
 * U-Net and the modules. Undefined for a U-Net of another class.
 */
export function splitMotionModel(
  config: UNetConfig,
): { readonly unet: UNetConfig; readonly motion: MotionAdapterConfig } | undefined {
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
      motion_norm_num_groups: config.norm_num_groups,
      up_norm_num_groups: config.up_block_types.map((type) =>
        type === 'UpBlockMotion' ? PLAIN_UP_GROUPS : config.norm_num_groups,
      ),
      motion_max_seq_length: motion_max_seq_length as number,
      use_motion_mid_block: use_motion_mid_block as boolean,
    },
  };
}
