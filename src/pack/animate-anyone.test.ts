import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, type Tensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { SCHEDULER, stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { motionModules } from '../../tools/published-names.ts';
import { jsonFile, randomFloats, safetensorsFile } from '../../tools/random-weights.ts';
import { torchTensors } from '../../tools/torch-files.ts';
import { UnknownArchitectureError } from '../onnx/errors.ts';
import { ReferenceNetError } from './errors.ts';

const values = (bytes: number) => randomFloats(bytes, 'F32', bytes);
const torch = (tensors: Tensors) => torchTensors(tensors, values);

/** A reference net is published without its last layer. */
const withoutEnd = (tensors: Tensors): Tensors =>
  new Map([...tensors].filter(([name]) => !/^conv_(norm_)?out\./.test(name)));

const UNET = stableDiffusionUNet([32, 64]);
/** PoseGuider as Moore-AnimateAnyone publishes it, for a denoiser that starts with 32 channels in place of 320. */
const GUIDER = {
  conditioning_embedding_channels: 32,
  conditioning_channels: 3,
  block_out_channels: [16, 32, 96, 256],
};
const MOTION = motionModules({ frames: 32, inMiddle: true }, [32, 64]);

async function exported(files: Files, file?: string, notes?: string[]) {
  const folder = memoryFolder('weights', files);
  return exportToMemory(folder, 'f16', file, (note) => notes?.push(note));
}

describe("AnimateAnyone's weights", () => {
  const published: [string, Uint8Array<ArrayBuffer>][] = [
    ['denoising_unet.pth', torch(new Map([...unetTensors(UNET), ...MOTION]))],
    ['reference_unet.pth', torch(withoutEnd(unetTensors(UNET)))],
    ['motion_module.pth', torch(MOTION)],
    ['pose_guider.pth', torch(poseEncoderTensors(GUIDER))],
  ];
  const configs: [string, Uint8Array<ArrayBuffer>][] = [
    ['unet/config.json', jsonFile(UNET)],
    ['scheduler/scheduler_config.json', jsonFile(SCHEDULER)],
  ];

  it.each([
    ['as they are published', undefined],
    ['asked for by the denoiser', 'denoising_unet.pth'],
  ])('become a pack that joins frames, without a config, and say what is left out: %s', async (_, file) => {
    const notes: string[] = [];
    const told = manifestOf(await exported(new Map(published), file, notes));
    const { configs, referenceNet, motion, defaults } = told;
    expect(configs.unet).toMatchObject({ block_out_channels: [32, 64], cross_attention_dim: 768 });
    expect(configs.poseEncoder).toMatchObject(GUIDER);
    expect(configs.scheduler).toMatchObject({
      beta_schedule: 'linear',
      prediction_type: 'v_prediction',
      rescale_betas_zero_snr: true,
      timestep_spacing: 'trailing',
    });
    expect(configs.motion).toMatchObject({
      motion_max_seq_length: 32,
      motion_num_attention_heads: 8,
      norm_each_frame: true,
      use_motion_mid_block: true,
    });
    // Two layers in each of two levels on the way down, the middle, three a level on the way up.
    expect(motion).toHaveLength(11);
    expect(told.unet.flatMap(({ motion: at }) => at ?? [])).toEqual([...motion!.keys()]);
    expect(told.unet.flatMap(({ attention }) => attention ?? [])).toHaveLength(referenceNet!.length);
    expect(defaults.guidance).toBe(3.5);
    expect(notes).toEqual([
      expect.stringContaining("AnimateAnyone's is assumed"),
      expect.stringMatching(/Left out of denoising_unet.pth: the motion modules.*\(tensors: 308\)/),
    ]);
  });

  it('are refused without the reference net', async () => {
    const files = new Map([...published, ...configs]);
    files.delete('reference_unet.pth');
    for (const file of [undefined, 'denoising_unet.pth']) {
      await expect(exported(files, file)).rejects.toThrow(
        expect.objectContaining({
          constructor: ReferenceNetError,
          files: ['denoising_unet.pth'],
        }),
      );
    }
  });

  it('paint frame by frame without their motion modules', async () => {
    const files = new Map(published);
    files.delete('motion_module.pth');
    const { configs: told, motion, unet, referenceNet } = manifestOf(await exported(files));
    expect(told.motion ?? motion).toBeUndefined();
    expect(unet).toHaveLength(referenceNet!.length + 1);
  });

  it('of another width than their motion modules are refused', async () => {
    const files = new Map(published);
    files.set('motion_module.pth', torch(motionModules({ frames: 32, inMiddle: true }, [64, 64])));
    await expect(exported(files)).rejects.toThrow('is 64 channels wide and the U-Net 32');
  });

  it('are no model by their motion modules alone', async () => {
    await expect(exported(new Map(published), 'motion_module.pth')).rejects.toThrow('motion modules alone');
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
