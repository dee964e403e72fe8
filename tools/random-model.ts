import { planAutoencoder } from '../src/onnx/autoencoder.ts';
import type {
  AutoencoderConfig,
  ImageEncoderConfig,
  PoseEncoderConfig,
  RetoucherConfig,
  SchedulerConfig,
  UNetConfig,
} from '../src/onnx/configs.ts';
import { planImageEncoder } from '../src/onnx/image-encoder.ts';
import { planPoseEncoder } from '../src/onnx/pose-encoder.ts';
import { concat } from '../src/onnx/proto.ts';
import { planRetoucher } from '../src/onnx/retoucher.ts';
import { safetensorsHeader } from '../src/onnx/safetensors.ts';
import type { SegmentPlan, WeightSpec } from '../src/onnx/trace.ts';
import { planUNet } from '../src/onnx/unet.ts';
import { gaussianNoise } from '../src/scd/noise.ts';

export interface ModelConfigs {
  readonly unet: UNetConfig;
  readonly poseEncoder: PoseEncoderConfig;
  readonly autoencoder?: AutoencoderConfig;
  readonly scheduler: SchedulerConfig;
  readonly referenceNet?: UNetConfig;
  readonly imageEncoder?: ImageEncoderConfig;
  readonly retoucher?: RetoucherConfig;
  /** pirouette.json. */
  readonly about?: Readonly<Record<string, unknown>>;
}

/** A small model of the default pack's kind, for tests that need a whole pack and no sense in its pictures. */
export const SMALL_MODEL: ModelConfigs = {
  unet: {
    in_channels: 4,
    out_channels: 4,
    flip_sin_to_cos: true,
    freq_shift: 0,
    down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
    block_out_channels: [32, 64],
    layers_per_block: 1,
    act_fn: 'silu',
    norm_num_groups: 8,
    norm_eps: 1e-5,
    cross_attention_dim: null,
    attention_head_dim: [1, 1],
    use_linear_projection: true,
  },
  poseEncoder: {
    conditioning_embedding_channels: 32,
    conditioning_channels: 3,
    block_out_channels: [8, 8, 16, 16],
    position_waves: [1],
  },
  autoencoder: {
    _class_name: 'AutoencoderTiny',
    in_channels: 3,
    out_channels: 3,
    encoder_block_out_channels: [8, 8, 8, 8],
    decoder_block_out_channels: [8, 8, 8, 8],
    num_encoder_blocks: [1, 1, 1, 1],
    num_decoder_blocks: [1, 1, 1, 1],
    act_fn: 'relu',
    latent_channels: 4,
    upsampling_scaling_factor: 2,
    scaling_factor: 1,
  },
  retoucher: { block_out_channels: [8, 12], layers_per_block: [1, 1], last_channels: 6 },
  scheduler: {
    num_train_timesteps: 1000,
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    prediction_type: 'v_prediction',
    rescale_betas_zero_snr: true,
    timestep_spacing: 'trailing',
    clip_sample: false,
  },
  about: { name: 'Random', licence: 'CC0-1.0', provenance: 'Random numbers.', size: [128, 128], steps: 4 },
};

/** The same with a reference net and an image encoder, as AnimateAnyone's models have them. */
export const SMALL_PAIR: ModelConfigs = {
  ...SMALL_MODEL,
  ...readingImages(SMALL_MODEL.unet, 24),
};

function readingImages(
  unet: UNetConfig,
  width: number,
): Pick<ModelConfigs, 'unet' | 'referenceNet' | 'imageEncoder'> {
  const reading = { ...unet, cross_attention_dim: width };
  const imageEncoder = {
    architectures: ['CLIPVisionModelWithProjection'],
    hidden_size: 32,
    intermediate_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    image_size: 32,
    patch_size: 8,
    projection_dim: width,
    hidden_act: 'quick_gelu',
  };
  return { unet: reading, referenceNet: reading, imageEncoder };
}

/** Random weights in diffusers' form for these configs, as the exporter reads them. */
export function randomModel(configs: ModelConfigs, seed = 1): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const add = (folder: string, config: unknown, plans: readonly SegmentPlan[]) => {
    files.set(`${folder}/config.json`, json(config));
    files.set(`${folder}/diffusion_pytorch_model.safetensors`, randomWeights(plans, seed + files.size));
  };
  add('unet', configs.unet, planUNet(configs.unet).segments);
  if (configs.referenceNet)
    add('reference_unet', configs.referenceNet, planUNet(configs.referenceNet).segments);
  if (configs.imageEncoder) {
    add(
      'image_encoder',
      configs.imageEncoder,
      planImageEncoder(configs.imageEncoder, 'image_embeds').segments,
    );
  }
  add('pose_encoder', configs.poseEncoder, [planPoseEncoder(configs.poseEncoder)]);
  if (configs.autoencoder) {
    const { encoder, decoder } = planAutoencoder(configs.autoencoder);
    add('vae', configs.autoencoder, [encoder, decoder]);
  }
  if (configs.retoucher) add('retoucher', configs.retoucher, [planRetoucher(configs.retoucher)]);
  files.set('scheduler/scheduler_config.json', json(configs.scheduler));
  if (configs.about) files.set('pirouette.json', json(configs.about));
  return files;
}

/**
 * Around a pack with an autoencoder alone, the smallest U-Net and pose encoder that fit it: a pack is a whole model.
 */
export function modelAround(autoencoder: AutoencoderConfig): ModelConfigs {
  const levels = Math.log2(planAutoencoder(autoencoder).factor) + 1;
  const channels = autoencoder.latent_channels;
  return {
    ...SMALL_MODEL,
    unet: { ...SMALL_MODEL.unet, in_channels: channels, out_channels: channels },
    poseEncoder: { ...SMALL_MODEL.poseEncoder, block_out_channels: Array(levels).fill(8) },
    autoencoder,
  };
}

/** Around a pack with an image encoder alone, the smallest U-Net that reads its embedding. */
export function modelReading(imageEncoder: ImageEncoderConfig): ModelConfigs {
  const unet = { ...SMALL_MODEL.unet, cross_attention_dim: imageEncoder.projection_dim ?? null };
  return { ...SMALL_MODEL, unet, imageEncoder };
}

export function randomWeights(plans: readonly SegmentPlan[], seed: number): Uint8Array<ArrayBuffer> {
  const weights = plans.flatMap((plan) => plan.weights);
  const header = safetensorsHeader(weights.map(({ name, shape }) => ({ name, shape, dtype: 'F32' })));
  return concat([
    header,
    ...weights.map((weight, i) => new Uint8Array(randomTensor(weight, seed, i).buffer)),
  ]);
}

/** Scaled so that values neither die nor explode on their way: matrices by what they sum over, scales around one. */
function randomTensor({ name, shape }: WeightSpec, seed: number, stream: number): Float32Array<ArrayBuffer> {
  const values = gaussianNoise(
    shape.reduce((product, dim) => product * dim, 1),
    seed,
    stream,
  );
  const isMatrix = shape.length > 1;
  const spread = isMatrix ? 1 / Math.sqrt(shape.slice(1).reduce((product, dim) => product * dim, 1)) : 0.1;
  const centre = !isMatrix && name.endsWith('.weight') ? 1 : 0;
  return values.map((value) => centre + spread * value);
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
