/**
 * Writes a checkpoint of random weights in diffusers' layout, of Stable Diffusion 1.5's size where nothing else is
 * asked for: what the exporter, the loader and the engine are measured with. One tensor is in memory at a time.
 *   node --import tsx tools/generate-checkpoint.ts --out DIR [--dtype F16|BF16|F32] [--shards N] [--widths 320,640,1280,1280]
 */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planAutoencoder } from '../src/onnx/autoencoder.ts';
import type { AutoencoderConfig, UNetConfig } from '../src/onnx/configs.ts';
import { type FloatType, isFloat, safetensorsHeader } from '../src/onnx/safetensors.ts';
import { poseEncoderTensors, type Tensors, unetTensors } from './diffusers-tensors.ts';
import { steadyFloats } from './random-weights.ts';

export const SCHEDULER = {
  _class_name: 'DDIMScheduler',
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  clip_sample: false,
  set_alpha_to_one: false,
  steps_offset: 1,
  prediction_type: 'epsilon',
};

export const POSE_ENCODER = {
  _class_name: 'ControlNetConditioningEmbedding',
  conditioning_embedding_channels: 320,
  conditioning_channels: 3,
  block_out_channels: [16, 32, 96, 256],
};

/** The small autoencoder for Stable Diffusion 1's latents. */
export const SMALL_AUTOENCODER: AutoencoderConfig = {
  _class_name: 'AutoencoderTiny',
  act_fn: 'relu',
  encoder_block_out_channels: [64, 64, 64, 64],
  decoder_block_out_channels: [64, 64, 64, 64],
  num_encoder_blocks: [1, 3, 3, 3],
  num_decoder_blocks: [3, 3, 3, 1],
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  scaling_factor: 1,
  upsampling_scaling_factor: 2,
};

const ABOUT = {
  name: 'Random weights',
  licence: 'CC0-1.0',
  provenance: 'Random numbers, for trying things out. What it paints is noise.',
};

/** Stable Diffusion 1.5's U-Net, in other widths if asked. */
export function stableDiffusionUNet(
  widths: readonly number[] = [320, 640, 1280, 1280],
  heads: number | readonly number[] = 8,
): UNetConfig {
  const deepest = widths.length - 1;
  return {
    _class_name: 'UNet2DConditionModel',
    sample_size: 64,
    in_channels: 4,
    out_channels: 4,
    down_block_types: widths.map((_, i) => (i === deepest ? 'DownBlock2D' : 'CrossAttnDownBlock2D')),
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: widths.map((_, i) => (i === 0 ? 'UpBlock2D' : 'CrossAttnUpBlock2D')),
    block_out_channels: widths,
    layers_per_block: 2,
    norm_num_groups: 32,
    norm_eps: 1e-5,
    cross_attention_dim: 768,
    attention_head_dim: heads,
    flip_sin_to_cos: true,
    freq_shift: 0,
    act_fn: 'silu',
    downsample_padding: 1,
  };
}

interface Shape {
  readonly widths?: readonly number[];
  readonly dtype: FloatType;
  readonly shards: number;
}

export async function generateCheckpoint(out: string, { widths, dtype, shards }: Shape): Promise<void> {
  const unet = stableDiffusionUNet(widths);
  const pose = { ...POSE_ENCODER, conditioning_embedding_channels: unet.block_out_channels[0] as number };
  await writeConfig(join(out, 'scheduler'), 'scheduler_config.json', SCHEDULER);
  await writeConfig(join(out, 'unet'), 'config.json', unet);
  await writeConfig(join(out, 'pose_encoder'), 'config.json', pose);
  await writeWeights(join(out, 'unet'), unetTensors(unet), dtype, shards);
  await writeWeights(join(out, 'pose_encoder'), poseEncoderTensors(pose), dtype, 1);
  const { encoder, decoder } = planAutoencoder(SMALL_AUTOENCODER);
  const autoencoder = [encoder, decoder].flatMap(({ weights }) => weights);
  await writeConfig(join(out, 'vae'), 'config.json', SMALL_AUTOENCODER);
  await writeWeights(
    join(out, 'vae'),
    new Map(autoencoder.map(({ name, shape }) => [name, shape])),
    dtype,
    1,
  );
  await writeConfig(out, 'pirouette.json', ABOUT);
}

async function writeConfig(folder: string, name: string, config: unknown): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `${JSON.stringify(config, null, 2)}\n`);
}

const STEM = 'diffusion_pytorch_model';

async function writeWeights(
  folder: string,
  tensors: Tensors,
  dtype: FloatType,
  shards: number,
): Promise<void> {
  if (shards === 1) return writeFileOf(join(folder, `${STEM}.safetensors`), [...tensors], dtype);
  const all = [...tensors];
  const map: Record<string, string> = {};
  for (let i = 0; i < shards; i++) {
    const name = `${STEM}-${String(i + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const shard = all.slice(
      Math.floor((i * all.length) / shards),
      Math.floor(((i + 1) * all.length) / shards),
    );
    for (const [tensor] of shard) map[tensor] = name;
    await writeFileOf(join(folder, name), shard, dtype);
  }
  await writeConfig(folder, `${STEM}.safetensors.index.json`, { metadata: {}, weight_map: map });
}

async function writeFileOf(
  path: string,
  tensors: [string, readonly number[]][],
  dtype: FloatType,
): Promise<void> {
  const specs = tensors.map(([name, shape]) => ({ name, shape, dtype }));
  const file = await open(path, 'w');
  try {
    await file.writeFile(safetensorsHeader(specs));
    for (const [i, spec] of specs.entries()) await file.writeFile(steadyFloats(spec, i + 1));
  } finally {
    await file.close();
  }
}

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      dtype: { type: 'string', default: 'F16' },
      shards: { type: 'string', default: '1' },
      widths: { type: 'string' },
    },
  });
  if (values.out === undefined || !isFloat(values.dtype)) {
    console.error(
      'Usage: generate-checkpoint --out DIR [--dtype F16|BF16|F32] [--shards N] [--widths 320,640,...]',
    );
    process.exit(2);
  }
  const widths = values.widths?.split(',').map(Number);
  await generateCheckpoint(values.out, {
    dtype: values.dtype,
    shards: Number(values.shards),
    ...(widths && { widths }),
  });
}
