/** The fields of diffusers' configs that Pirouette reads, spelled as diffusers spells them. */

export interface UNetConfig {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly down_block_types: readonly string[];
  readonly mid_block_type?: string | null;
  readonly up_block_types: readonly string[];
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: number | readonly number[];
  readonly norm_num_groups: number;
  readonly norm_eps: number;
  /** Width of the tokens that cross-attention reads; null for a U-Net without cross-attention. */
  readonly cross_attention_dim: number | null;
  /** Despite its name, diffusers' UNet2DConditionModel reads this as the number of heads. */
  readonly attention_head_dim: number | readonly number[];
  readonly use_linear_projection?: boolean;
  readonly flip_sin_to_cos: boolean;
  readonly freq_shift: number;
  readonly act_fn: string;
  readonly downsample_padding?: number;
  readonly [other: string]: unknown;
}

/** Modules that look along time, of either kind. */
export type MotionConfig = MotionAdapterConfig | TemporalAttentionConfig;

/** diffusers' MotionAdapter: AnimateDiff's modules, after every layer of a U-Net. */
export interface MotionAdapterConfig {
  readonly _class_name?: string;
  readonly block_out_channels: readonly number[];
  readonly motion_layers_per_block?: number | readonly number[];
  readonly motion_mid_block_layers_per_block?: number;
  readonly motion_transformer_layers_per_block?: number | readonly number[];
  readonly motion_num_attention_heads: number | readonly number[];
  readonly motion_norm_num_groups: number;
  /** Ours: by up block, where they are others. */
  readonly up_norm_num_groups?: readonly number[];
  readonly motion_max_seq_length: number;
  readonly use_motion_mid_block: boolean;
  /**
   * Ours: each frame has a group norm of its own, as in AnimateDiff's and AnimateAnyone's own code. diffusers measures
   * all frames as one.
   */
  readonly norm_each_frame?: boolean;
  readonly [other: string]: unknown;
}

/** Ours: modules after every self-attention of a U-Net. */
export interface TemporalAttentionConfig {
  readonly _class_name: 'TemporalAttention';
  /** What each self-attention works on, in the order of the network. */
  readonly channels: readonly number[];
  /** Of queries and keys, all heads together. */
  readonly width: number;
  /** By head, what a frame of distance in time costs. */
  readonly slopes: readonly number[];
  readonly max_frames: number;
  readonly [other: string]: unknown;
}

export const isTemporalAttention = (config: MotionConfig): config is TemporalAttentionConfig =>
  config._class_name === 'TemporalAttention';

/** ControlNetConditioningEmbedding. */
export interface PoseEncoderConfig {
  readonly conditioning_embedding_channels: number;
  readonly conditioning_channels: number;
  readonly block_out_channels: readonly number[];
  /** Ours: where each cell lies is added to the features, as waves of so many periods over the picture. */
  readonly position_waves?: readonly number[];
  readonly [other: string]: unknown;
}

/** AutoencoderTiny or AutoencoderKL, told apart by `_class_name`. */
export interface AutoencoderConfig {
  readonly _class_name: string;
  readonly in_channels: number;
  readonly out_channels: number;
  readonly latent_channels: number;
  readonly scaling_factor?: number;
  readonly [other: string]: unknown;
}

/** Ours: the network that gives a frame the photo's own detail back. */
export interface RetoucherConfig {
  readonly block_out_channels: readonly number[];
  /** Residual layers at each of these widths on the way down. */
  readonly layers_per_block: readonly number[];
  /** Width at the picture's own size. */
  readonly last_channels: number;
  readonly [other: string]: unknown;
}

/** Ours: an hourglass over whole pictures, whose finest cells are four pixels wide; see hourglass.ts. */
export interface HourglassConfig {
  /** Channels of each level, the finest first, and residual layers on the way down. */
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: readonly number[];
  /** Width at the picture's own size. */
  readonly last_channels: number;
  readonly [other: string]: unknown;
}

/** Ours: where in the photo each pixel of a new pose comes from; see mover.ts. */
export interface MoverConfig {
  /** Channels of its three levels, the finest first. */
  readonly block_out_channels: readonly number[];
  /** Pixels of the longer side of the pictures that it works on. */
  readonly size?: number;
  readonly [other: string]: unknown;
}

/** Ours: the network that says what each pixel of a picture of a person or a garment shows. */
export interface ParserConfig {
  readonly classes: number;
  readonly block_out_channels: readonly number[];
  /** Residual layers at each of these widths on the way down. */
  readonly layers_per_block: readonly number[];
  readonly [other: string]: unknown;
}

/** transformers' CLIPVisionConfig. `architectures` tells CLIPVisionModelWithProjection from CLIPVisionModel. */
export interface ImageEncoderConfig {
  readonly architectures?: readonly string[];
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly image_size: number;
  readonly patch_size: number;
  /** Width of the image's embedding. */
  readonly projection_dim?: number;
  readonly hidden_act?: string;
  readonly layer_norm_eps?: number;
  readonly [other: string]: unknown;
}

/** transformers' CLIPImageProcessor. */
export interface ImageProcessorConfig {
  /** The picture's shorter side, or both sides whatever its shape. */
  readonly size: { readonly shortest_edge: number } | { readonly height: number; readonly width: number };
  readonly crop_size: { readonly height: number; readonly width: number };
  readonly image_mean: readonly number[];
  readonly image_std: readonly number[];
}

/** DDIMScheduler. */
export interface SchedulerConfig {
  readonly num_train_timesteps: number;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly beta_schedule: string;
  /** All of them, in the place of a schedule's. */
  readonly trained_betas?: readonly number[] | null;
  readonly prediction_type?: string;
  readonly timestep_spacing?: string;
  readonly rescale_betas_zero_snr?: boolean;
  readonly steps_offset?: number;
  readonly set_alpha_to_one?: boolean;
  readonly clip_sample?: boolean;
  readonly clip_sample_range?: number;
  readonly [other: string]: unknown;
}
