import { isCount, MOST_LEVELS } from './bounds.ts';
import type { UNetConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';

/** What a UNet2DConditionModel's config comes to, level by level from the finest. */
export interface UNetShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly convInKernel: number;
  readonly convOutKernel: number;
  readonly groups: number;
  readonly epsilon: number;
  /** 1 pads all around, 0 only below and at the right. */
  readonly downsamplePadding: number;
  readonly crossAttentionWidth: number | null;
  readonly levels: readonly LevelShape[];
  readonly middle: 'attention' | 'plain' | 'none';
}

export interface LevelShape {
  readonly channels: number;
  readonly heads: number;
  readonly layers: number;
  readonly transformerLayers: number;
  readonly downAttends: boolean;
  readonly upAttends: boolean;
}

/** Settings that change the network in ways that are not built here, with the value that leaves it alone. */
const PLAIN_SETTINGS: Readonly<Record<string, unknown>> = {
  center_input_sample: false,
  only_cross_attention: false,
  dual_cross_attention: false,
  class_embed_type: null,
  addition_embed_type: null,
  encoder_hid_dim: null,
  encoder_hid_dim_type: null,
  num_class_embeds: null,
  resnet_time_scale_shift: 'default',
  resnet_out_scale_factor: 1,
  resnet_skip_time_act: false,
  time_embedding_type: 'positional',
  time_embedding_dim: null,
  time_embedding_act_fn: null,
  timestep_post_act: null,
  time_cond_proj_dim: null,
  mid_block_scale_factor: 1,
  mid_block_only_cross_attention: null,
  cross_attention_norm: null,
  attention_type: 'default',
  reverse_transformer_layers_per_block: null,
};

export function unetShape(config: UNetConfig): UNetShape {
  const wrong = (fault: string) => new UnknownArchitectureError('U-Net', fault);
  const className = config._class_name ?? 'UNet2DConditionModel';
  if (className !== 'UNet2DConditionModel') throw wrong(`it is a ${String(className)}`);
  for (const [key, plain] of Object.entries(PLAIN_SETTINGS)) {
    const value = config[key] ?? plain;
    if (value !== plain && value !== false) throw wrong(`${key} is ${JSON.stringify(value)}`);
  }
  if (config.act_fn !== 'silu' && config.act_fn !== 'swish')
    throw wrong(`act_fn is ${JSON.stringify(config.act_fn)}`);

  const count = (key: string, value: unknown): number => {
    if (!isCount(value)) throw wrong(`${key} is ${JSON.stringify(value)}`);
    return value as number;
  };
  const channels = config.block_out_channels;
  if (!Array.isArray(channels) || channels.length === 0 || channels.length > MOST_LEVELS)
    throw wrong(`block_out_channels is not a list of 1 to ${MOST_LEVELS} widths`);
  const perLevel = (key: string, value: unknown): number[] => {
    const list = Array.isArray(value) ? value : channels.map(() => value);
    if (list.length !== channels.length)
      throw wrong(`${key} has ${list.length} entries for ${channels.length} levels`);
    return list.map((item) => count(key, item));
  };
  const blockTypes = (key: 'down_block_types' | 'up_block_types', direction: string): boolean[] => {
    const types: unknown = config[key];
    if (!Array.isArray(types) || types.length !== channels.length)
      throw wrong(`${key} does not name every level's block`);
    return types.map((type) => {
      if (type === `CrossAttn${direction}Block2D`) return true;
      if (type === `${direction}Block2D`) return false;
      throw wrong(`${key} has ${JSON.stringify(type)}`);
    });
  };

  const groups = count('norm_num_groups', config.norm_num_groups);
  const heads = perLevel('attention_head_dim', config.num_attention_heads ?? config.attention_head_dim);
  const layers = perLevel('layers_per_block', config.layers_per_block);
  const transformerLayers = perLevel(
    'transformer_layers_per_block',
    config.transformer_layers_per_block ?? 1,
  );
  const down = blockTypes('down_block_types', 'Down');
  const up = blockTypes('up_block_types', 'Up').reverse();
  const levels = perLevel('block_out_channels', channels).map((width, i): LevelShape => {
    const level = {
      channels: width,
      heads: heads[i] as number,
      layers: layers[i] as number,
      transformerLayers: transformerLayers[i] as number,
      downAttends: down[i] as boolean,
      upAttends: up[i] as boolean,
    };
    if (width % groups !== 0) throw wrong(`${width} channels cannot be split into ${groups} norm groups`);
    if ((level.downAttends || level.upAttends) && width % level.heads !== 0) {
      throw wrong(`${width} channels cannot be split into ${level.heads} heads`);
    }
    return level;
  });
  return {
    inChannels: count('in_channels', config.in_channels),
    outChannels: count('out_channels', config.out_channels),
    convInKernel: oddKernel('conv_in_kernel', config.conv_in_kernel ?? 3),
    convOutKernel: oddKernel('conv_out_kernel', config.conv_out_kernel ?? 3),
    groups,
    epsilon: config.norm_eps ?? 1e-5,
    downsamplePadding: downsamplePadding(config.downsample_padding),
    crossAttentionWidth: crossAttentionWidth(config.cross_attention_dim),
    levels,
    middle: middleKind(config.mid_block_type),
  };
}

function downsamplePadding(value: unknown): number {
  if (value === undefined || value === null || value === 1) return 1;
  if (value === 0) return 0;
  throw new UnknownArchitectureError('U-Net', `downsample_padding is ${JSON.stringify(value)}`);
}

function oddKernel(key: string, value: unknown): number {
  if (isCount(value, 15) && value % 2 === 1) return value;
  throw new UnknownArchitectureError('U-Net', `${key} is ${JSON.stringify(value)}`);
}

function crossAttentionWidth(value: unknown): number | null {
  const widths = new Set(Array.isArray(value) ? value : [value ?? null]);
  const [width] = widths;
  if (widths.size === 1 && (width === null || isCount(width))) return width as number | null;
  throw new UnknownArchitectureError('U-Net', `cross_attention_dim is ${JSON.stringify(value)}`);
}

function middleKind(type: unknown): UNetShape['middle'] {
  if (type === undefined || type === 'UNetMidBlock2DCrossAttn') return 'attention';
  if (type === 'UNetMidBlock2D') return 'plain';
  if (type === null) return 'none';
  throw new UnknownArchitectureError('U-Net', `mid_block_type is ${JSON.stringify(type)}`);
}
