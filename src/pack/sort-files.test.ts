import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, type Tensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { type Files, memoryFolder } from '../../tools/memory-pack.ts';
import { motionModules } from '../../tools/published-names.ts';
import { jsonFile, safetensorsFile } from '../../tools/random-weights.ts';
import { UnsupportedWeightsError, WeightsNotFoundError } from './errors.ts';
import { sortFiles } from './sort-files.ts';

const UNET = stableDiffusionUNet([32, 32]);
const POSE = { conditioning_embedding_channels: 32, conditioning_channels: 3, block_out_channels: [4, 8] };
const unet = safetensorsFile(unetTensors(UNET));
const guider = safetensorsFile(poseEncoderTensors(POSE));
const named = (names: readonly string[]): Tensors => new Map(names.map((name) => [name, [4]]));
const lora = safetensorsFile(named(['lora_unet_mid_block.lora_up.weight']));

const sorted = (files: Record<string, Uint8Array<ArrayBuffer>>) =>
  sortFiles(memoryFolder('chosen', new Map(Object.entries(files)) as Files));

describe('files of any name', () => {
  it('are told by what is in them', async () => {
    const { folder, file } = await sorted({ 'tuned.safetensors': unet, 'my guider.safetensors': guider });
    expect(file).toBe('tuned.safetensors');
    expect((await folder.open('pose_encoder.safetensors'))?.size).toBe(guider.length);
    expect(await folder.open('pose_encoder.pth')).toBeUndefined();
  });

  it('are motion modules of any name too', async () => {
    const modules = safetensorsFile(motionModules({ frames: 24, inMiddle: false }, [32, 32]));
    const { folder, file } = await sorted({ 'a.safetensors': unet, 'mm_sd_v15.safetensors': modules });
    expect(file).toBe('a.safetensors');
    expect((await folder.open('motion_module.safetensors'))?.size).toBe(modules.length);
  });

  it('keep the names that say what they are', async () => {
    const files = { 'denoising_unet.safetensors': unet, 'pose_guider.safetensors': guider };
    const { folder, file } = await sorted(files);
    expect(file).toBeUndefined();
    expect((await folder.open('pose_guider.safetensors'))?.size).toBe(guider.length);
  });

  it("stay in diffusers' folders", async () => {
    const { file } = await sorted({
      'unet/config.json': jsonFile(UNET),
      'unet/diffusion_pytorch_model.safetensors': unet,
      'pose_encoder/diffusion_pytorch_model.safetensors': guider,
    });
    expect(file).toBeUndefined();
  });

  it.each([
    ['two models', { 'a.safetensors': unet, 'b.safetensors': unet }, 'a.safetensors and b.safetensors'],
    ['no model but a LoRA', { 'style.safetensors': lora }, 'style.safetensors holds a LoRA'],
    ['a pack', { 'pack.json': jsonFile({}) }, 'a model pack already'],
  ])('are refused with %s', async (_, files, words) => {
    const attempt = sorted(files as unknown as Record<string, Uint8Array<ArrayBuffer>>);
    await expect(attempt).rejects.toThrow(UnsupportedWeightsError);
    await expect(attempt).rejects.toThrow(words);
  });

  it('are refused with nothing that is known', async () => {
    await expect(sorted({ 'notes.json': jsonFile({}) })).rejects.toThrow(WeightsNotFoundError);
  });
});
