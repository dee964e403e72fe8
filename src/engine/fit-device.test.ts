import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { POSE_ENCODER, stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import type { PackManifest } from '../pack/manifest.ts';
import { judge, needsOf } from './fit-device.ts';

const GIB = 2 ** 30;
const SIZE = { width: 512, height: 512 };
const KL = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [128, 256, 512, 512],
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
};

/** Stable Diffusion 1.5's size, as a pack.json would state it: 17 segments of the U-Net's 1.7 GB. */
const LARGE = {
  precision: 'f16',
  configs: { unet: stableDiffusionUNet(), poseEncoder: POSE_ENCODER, autoencoder: KL },
  unet: Array.from({ length: 17 }, (_, i) => ({ graph: `${i}.onnx`, weights: `${i}.safetensors` })),
  poseEncoder: { graph: 'p.onnx', weights: 'p.safetensors' },
  files: Object.fromEntries(
    Array.from({ length: 17 }, (_, i) => [`${i}.safetensors`, { bytes: 100e6, sha256: '' }]),
  ),
} as unknown as PackManifest;

describe('what a model needs', () => {
  const small: PackManifest = JSON.parse(readFileSync('public/packs/default/pack.json', 'utf8'));

  it('is its files, widened where the device has no f16', () => {
    const [half, full] = [needsOf(small, SIZE, 'f16'), needsOf(small, SIZE, 'f32')];
    const all = Object.values(small.files).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(half.packBytes).toBe(all);
    expect(half.passes.painting).toBeGreaterThan(all);
    expect(full.passes.painting).toBeGreaterThan(1.8 * half.passes.painting);
    expect(full.largestTensor).toBe(2 * half.largestTensor);
  });

  it('grows with the picture', () => {
    const [at128, at512] = [{ width: 128, height: 128 }, SIZE].map((size) => needsOf(small, size, 'f16'));
    expect(at512!.peakBytes).toBeGreaterThan(at128!.peakBytes);
  });

  it("of Stable Diffusion 1.5's size is 1.7 GB of weights and what 512 pixels take", () => {
    const needs = needsOf(LARGE, SIZE, 'f16');
    expect(needs.packBytes).toBe(1.7e9);
    // 16 attentions' keys and values: 2 x 5 x 4096 x 320, 2 x 5 x 1024 x 640, 2 x 5 x 256 x 1280, in f16, and some.
    expect(needs.passes.painting).toBeGreaterThan(1.74e9);
    expect(needs.passes.painting).toBeLessThan(2e9);
    // 256 channels of 512 x 512 pixels on the decoder's last level.
    expect(needs.largestTensor).toBe(256 * 512 * 512 * 2);
  });

  it('in 8 bits is its files, in f16 as in f32, and some weights as floats', () => {
    const half = needsOf(LARGE, SIZE, 'f16');
    const files = Object.fromEntries(
      Object.entries(LARGE.files).map(([path, file]) => [path, { ...file, bytes: file.bytes / 2 }]),
    );
    const int8 = { ...LARGE, weights: 'int8', files } as const;
    const saved = half.passes.painting - needsOf(int8, SIZE, 'f16').passes.painting;
    // Half of 1.7 GB, less four times the largest convolution: 2560 x 1280 x 9 halves.
    expect(saved).toBe(0.85e9 - 4 * 2560 * 1280 * 9 * 2);
    expect(needsOf(int8, SIZE, 'f32').passes.painting).toBeLessThan(1.8e9);
  });

  it('has room for a retoucher that is wider than the decoder', () => {
    const retoucher = { block_out_channels: [8], layers_per_block: [1], last_channels: 300 };
    const needs = needsOf({ ...LARGE, configs: { ...LARGE.configs, retoucher } }, SIZE, 'f16');
    expect(needs.largestTensor).toBe((300 + 17) * 512 * 512 * 2);
  });

  it('counts one part at a time of what only looks at the photo', () => {
    const parts = [0, 1, 2].map((i) => ({ graph: `r${i}.onnx`, weights: `${i}.safetensors` }));
    const { passes } = needsOf({ ...LARGE, referenceNet: parts }, SIZE, 'f16');
    expect(passes.reference - passes.painting).toBe(100e6);
  });
});

it('frames that motion modules join take what all of a window leave behind, however long the clip', () => {
  const motion = {
    block_out_channels: [320, 640, 1280, 1280],
    motion_num_attention_heads: 8,
    motion_norm_num_groups: 32,
    motion_max_seq_length: 32,
    use_motion_mid_block: true,
  };
  const parts = [0, 1].map((i) => ({ graph: `m${i}.onnx`, weights: `${i}.safetensors` }));
  const joining = { ...LARGE, motion: parts, configs: { ...LARGE.configs, motion } };
  const { passes, peakBytes } = needsOf(joining, SIZE, 'f16');
  // Skips of 24 frames: 3 x (4096 x 320 + 1024 x 640 + 256 x 1280 + 64 x 1280); three more of the first; in f16.
  const values = 3 * (4096 * 320 + 1024 * 640 + 256 * 1280 + 64 * 1280) + 3 * 4096 * 320;
  expect(passes.joining).toBe(passes.painting + 200e6 + 24 * values * 2 + 3 * 2 ** 24 * 2);
  expect(peakBytes).toBe(passes.joining);
  expect(judge(needsOf(joining, SIZE, 'f16'), { backend: 'webgpu' }, SIZE).sentence).toContain('joined');
});

describe('the verdict', () => {
  const needs = needsOf(LARGE, SIZE, 'f16');

  it.each([
    ['yes', {}, 'should take it'],
    [
      'yes',
      { largestTensor: 2 * GIB, memory: 8 * GIB, storage: { unkept: 1.7e9, left: 2e9 } },
      'should take it',
    ],
    ['no', { largestTensor: 128 * 2 ** 20 - 1 }, '134 MB at most'],
    ['perhaps', { memory: GIB }, 'says it has 1.1 GB, so it may not fit'],
    ['perhaps', { storage: { unkept: 1.7e9, left: 1e9 } }, 'lacks 700 MB, so some will be fetched anew'],
  ] as const)('is %s with %o', (fits, room, words) => {
    const verdict = judge(needs, { backend: 'webgpu', ...room }, SIZE);
    expect(verdict.fits).toBe(fits);
    expect(verdict.sentence).toContain(words);
    expect(verdict.sentence).toContain('512 × 512');
  });

  it('is no where the processor would have to hold more than it can address', () => {
    const full = needsOf(LARGE, { width: 768, height: 768 }, 'f32');
    const verdict = judge(full, { backend: 'wasm' }, { width: 768, height: 768 });
    expect(verdict).toMatchObject({ fits: 'no', sentence: expect.stringContaining('can have 4.3 GB') });
  });
});
