/** Checkpoints in diffusers' folders with random configs and weights, for tests of the exporter. */
import type { UNetConfig } from '../src/onnx/configs.ts';
import type { Storage } from '../src/onnx/part.ts';
import { poseEncoderTensors, type Tensors, unetTensors } from './diffusers-tensors.ts';
import { exportToMemory, manifestOf, memoryFolder } from './memory-pack.ts';
import { jsonFile, safetensorsFile } from './random-weights.ts';

const SCHEDULER = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
};

export function unetConfig(changes: Partial<UNetConfig> = {}): UNetConfig {
  return {
    in_channels: 4,
    out_channels: 4,
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    block_out_channels: [8, 16],
    layers_per_block: 1,
    norm_num_groups: 4,
    norm_eps: 1e-5,
    cross_attention_dim: null,
    attention_head_dim: 2,
    flip_sin_to_cos: true,
    freq_shift: 0,
    act_fn: 'silu',
    ...changes,
  };
}

/** A U-Net of 2 to 4 levels, all of its choices thrown anew. */
export function randomConfig(seed: number): UNetConfig {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const pick = <T>(...choices: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)] as T;
  };
  const levels = pick(2, 3, 4);
  const each = <T>(choose: () => T): T[] => Array.from({ length: levels }, choose);
  const heads = each(() => pick(1, 2, 4));
  const layers = each(() => pick(1, 2));
  return unetConfig({
    in_channels: pick(4, 9, 16),
    out_channels: pick(4, 8),
    block_out_channels: each(() => pick(8, 16, 24)),
    down_block_types: each(() => pick('CrossAttnDownBlock2D', 'DownBlock2D')),
    up_block_types: each(() => pick('CrossAttnUpBlock2D', 'UpBlock2D')),
    mid_block_type: pick('UNetMidBlock2DCrossAttn', 'UNetMidBlock2DCrossAttn', 'UNetMidBlock2D', null),
    layers_per_block: pick<number | number[]>(pick(1, 2, 3), layers),
    attention_head_dim: pick<number | number[]>(pick(1, 2), heads),
    transformer_layers_per_block: pick(1, 1, 2),
    cross_attention_dim: pick(null, 12),
    use_linear_projection: pick(true, false),
    norm_num_groups: pick(2, 4, 8),
    downsample_padding: pick(1, 1, 0),
  });
}

export type Files = Map<string, Uint8Array<ArrayBuffer>>;

interface Changes {
  readonly unet?: (tensors: Tensors) => void;
  readonly files?: (files: Files) => void;
}

export function checkpoint(config: UNetConfig, changes: Changes = {}): Files {
  const pose = {
    conditioning_embedding_channels: config.block_out_channels[0] as number,
    conditioning_channels: 3,
    block_out_channels: [4, 8],
  };
  const tensors = unetTensors(config);
  changes.unet?.(tensors);
  const files: Files = new Map([
    ['unet/config.json', jsonFile(config)],
    ['unet/diffusion_pytorch_model.safetensors', safetensorsFile(tensors)],
    ['pose_encoder/config.json', jsonFile(pose)],
    ['pose_encoder/diffusion_pytorch_model.safetensors', safetensorsFile(poseEncoderTensors(pose))],
    ['scheduler/scheduler_config.json', jsonFile(SCHEDULER)],
  ]);
  changes.files?.(files);
  return files;
}

export async function exported(files: Files, precision: Storage = 'f16') {
  const pack = await exportToMemory(memoryFolder('memory', files), precision);
  return { pack, manifest: manifestOf(pack) };
}
