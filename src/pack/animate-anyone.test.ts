import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, type Tensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { jsonFile, randomFloats, safetensorsFile } from '../../tools/random-weights.ts';
import { torchTensors } from '../../tools/torch-files.ts';
import { UnknownArchitectureError } from '../onnx/errors.ts';
import { ReferenceNetError } from './errors.ts';

const values = (bytes: number) => randomFloats(bytes, 'F32', bytes);
const torch = (tensors: Tensors) => torchTensors(tensors, values);

const UNET = stableDiffusionUNet([32, 64]);
/** PoseGuider as Moore-AnimateAnyone publishes it, for a denoiser that starts with 32 channels in place of 320. */
const GUIDER = {
  conditioning_embedding_channels: 32,
  conditioning_channels: 3,
  block_out_channels: [16, 32, 96, 256],
};
const MOTION: Tensors = new Map([
  ['down_blocks.0.motion_modules.0.temporal_transformer.proj_in.weight', [32, 32]],
  ['down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.norms.0.weight', [32]],
]);

const exported = (files: Files, file?: string) => exportToMemory(memoryFolder('weights', files), 'f16', file);

describe("AnimateAnyone's weights", () => {
  const published: [string, Uint8Array<ArrayBuffer>][] = [
    ['denoising_unet.pth', torch(new Map([...unetTensors(UNET), ...MOTION]))],
    ['reference_unet.pth', torch(unetTensors(UNET))],
    ['motion_module.pth', torch(MOTION)],
    ['pose_guider.pth', torch(poseEncoderTensors(GUIDER))],
  ];
  const configs: [string, Uint8Array<ArrayBuffer>][] = [
    ['unet/config.json', jsonFile(UNET)],
    ['scheduler/scheduler_config.json', jsonFile({ num_train_timesteps: 1000 })],
  ];

  it.each([
    ['as they are published', undefined],
    ['asked for by the denoiser', 'denoising_unet.pth'],
    ['asked for by the pose guider', 'pose_guider.pth'],
  ])('are known and not exported wrongly: %s', async (_, file) => {
    for (const files of [published, [...published, ...configs]]) {
      await expect(exported(new Map(files), file)).rejects.toThrow(
        expect.objectContaining({
          constructor: ReferenceNetError,
          files: ['reference_unet.pth', 'denoising_unet.pth', 'motion_module.pth'],
        }),
      );
    }
  });

  it('are known by their motion modules under any name', async () => {
    const [[, denoiser]] = published as [[string, Uint8Array<ArrayBuffer>]];
    const attempt = exported(new Map([['mine.pth', denoiser], ...configs]), 'mine.pth');
    await expect(attempt).rejects.toThrow(ReferenceNetError);
  });

  it('lend their pose guider to another U-Net', async () => {
    const files: Files = new Map([
      ...configs,
      ['unet/diffusion_pytorch_model.bin', torch(unetTensors(UNET))],
      ['pose_guider.pth', torch(poseEncoderTensors(GUIDER))],
    ]);
    const own: Files = new Map([
      ...configs,
      ['unet/diffusion_pytorch_model.bin', torch(unetTensors(UNET))],
      ['pose_encoder/config.json', jsonFile(GUIDER)],
      ['pose_encoder/diffusion_pytorch_model.pth', torch(poseEncoderTensors(GUIDER))],
    ]);
    const [lent, given] = [manifestOf(await exported(files)), manifestOf(await exported(own))];
    expect(lent.configs.poseEncoder).toMatchObject(GUIDER);
    expect(lent.files).toEqual(given.files);
  });

  it('with a pose guider of another kind are refused', async () => {
    const files: Files = new Map([
      ...configs,
      ['unet/diffusion_pytorch_model.safetensors', safetensorsFile(unetTensors(UNET))],
      ['pose_guider.pth', torch(new Map([['conv_layers.0.weight', [3, 3, 4, 4]]]))],
    ]);
    const attempt = exported(files);
    await expect(attempt).rejects.toThrow(UnknownArchitectureError);
    await expect(attempt).rejects.toThrow('conv_layers.0.weight');
  });
});
