import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { SCHEDULER, stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { memoryFolder } from '../../tools/memory-pack.ts';
import { jsonFile, randomFloats, safetensorsFile } from '../../tools/random-weights.ts';
import { torchTensors } from '../../tools/torch-files.ts';
import { openNetworks } from './open-networks.ts';

const UNET = stableDiffusionUNet([32, 32]);
const POSE = { conditioning_embedding_channels: 32, conditioning_channels: 3, block_out_channels: [4, 8] };

const files = () =>
  new Map([
    ['unet/config.json', jsonFile(UNET)],
    ['unet/diffusion_pytorch_model.safetensors', safetensorsFile(unetTensors(UNET), 'F16')],
    ['pose_encoder/config.json', jsonFile(POSE)],
    [
      'pose_encoder/pytorch_model.bin',
      torchTensors(poseEncoderTensors(POSE), (n) => randomFloats(n, 'F32', n)),
    ],
    ['scheduler/scheduler_config.json', jsonFile(SCHEDULER)],
  ]);

const dtypeOf = async (all: ReturnType<typeof files>, path?: string) => {
  const { networks } = await openNetworks(memoryFolder('weights', all), path);
  return networks.unet?.weights.tensors.get('conv_in.weight')?.dtype;
};

describe('the U-Net is read from', () => {
  it('safetensors rather than from a pickle of the same name', async () => {
    const all = files().set(
      'unet/diffusion_pytorch_model.bin',
      torchTensors(unetTensors(UNET), (bytes) => new Uint8Array(bytes)),
    );
    expect(await dtypeOf(all)).toBe('F16');
    all.delete('unet/diffusion_pytorch_model.safetensors');
    expect(await dtypeOf(all)).toBe('F32');
  });

  it('the very file that was asked for, whatever its name', async () => {
    const all = files().set(
      'unet/step-9000.pt',
      torchTensors(unetTensors(UNET), (bytes) => new Uint8Array(bytes)),
    );
    expect(await dtypeOf(all, 'unet/step-9000.pt')).toBe('F32');
    expect(await dtypeOf(all)).toBe('F16');
  });
});
