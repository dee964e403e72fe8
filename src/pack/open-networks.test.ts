import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { SCHEDULER, stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { exportToMemory, memoryFolder } from '../../tools/memory-pack.ts';
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

describe("a scheduler's config", () => {
  const opened = async (scheduler: object) => {
    const all = files().set('scheduler/scheduler_config.json', jsonFile(scheduler));
    const { networks, notes } = await openNetworks(memoryFolder('weights', all));
    return { config: networks.scheduler?.config, notes: notes.join(' ') };
  };
  const { clip_sample: _, ...unsaid } = SCHEDULER as Record<string, unknown>;

  it('of another sampler is followed as far as its noise goes, with a note, and never clips unasked', async () => {
    const euler = { ...unsaid, _class_name: 'EulerDiscreteScheduler', use_karras_sigmas: true };
    const { config, notes } = await opened(euler);
    expect(notes).toContain("EulerDiscreteScheduler's: frames are sampled by DDIM");
    expect(config?.clip_sample).toBe(false);
    expect((await opened({ ...euler, clip_sample: true })).config?.clip_sample).toBe(true);
  });

  it("of DDIM's is as it stands", async () => {
    const { config, notes } = await opened({ ...unsaid, _class_name: 'DDIMScheduler' });
    expect(notes).not.toContain('sampled by DDIM');
    expect(config).not.toHaveProperty('clip_sample');
  });
});

describe('a downsample_padding', () => {
  const exported = (padding: number, levels: number) => {
    const unet = {
      ...stableDiffusionUNet(Array.from({ length: levels }, () => 32)),
      downsample_padding: padding,
    };
    const all = files()
      .set('unet/config.json', jsonFile(unet))
      .set('unet/diffusion_pytorch_model.safetensors', safetensorsFile(unetTensors(unet), 'F16'));
    return exportToMemory(memoryFolder('weights', all), 'f16');
  };

  it('of 0 is taken where every size halves evenly', async () => expect(await exported(0, 3)).toBeDefined());
  it('of 0 is refused where some do not', async () =>
    expect(exported(0, 7)).rejects.toThrow('needs sizes that halve evenly'));
  it('of 2 is refused', async () => expect(exported(2, 2)).rejects.toThrow('downsample_padding is 2'));
});

describe('weights with a NaN', () => {
  it.each(['f16', 'f32', 'int8'] as const)('are named when they become %s', async (precision) => {
    const all = files();
    const bytes = all.get('unet/diffusion_pytorch_model.safetensors') as Uint8Array<ArrayBuffer>;
    bytes.set([0, 0x7e], bytes.length - 2);
    await expect(exportToMemory(memoryFolder('weights', all), precision)).rejects.toThrow(
      'has 1 values that are no finite numbers',
    );
  });
});
