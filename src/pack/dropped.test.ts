import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { SCHEDULER, stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { exportToMemory, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { jsonFile, safetensorsFile } from '../../tools/random-weights.ts';
import { chosenFiles, droppedWeights } from './dropped.ts';

const UNET = stableDiffusionUNet([32, 32]);
const POSE = { conditioning_embedding_channels: 32, conditioning_channels: 3, block_out_channels: [4, 8] };
const LAYOUT = new Map([
  ['unet/config.json', jsonFile(UNET)],
  ['unet/diffusion_pytorch_model.safetensors', safetensorsFile(unetTensors(UNET))],
  ['pose_encoder/config.json', jsonFile(POSE)],
  ['pose_encoder/diffusion_pytorch_model.safetensors', safetensorsFile(poseEncoderTensors(POSE))],
  ['scheduler/scheduler_config.json', jsonFile(SCHEDULER)],
  ['pirouette.json', jsonFile({ name: 'Mine' })],
]);

/** A file as browsers hand it over, with its path if it came in a folder. */
function dropped(path: string, bytes: Uint8Array<ArrayBuffer>): File {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return Object.defineProperty(new File([bytes], name), 'webkitRelativePath', {
    value: path === name ? '' : path,
  });
}

describe('dropped weights', () => {
  it("are exported from diffusers' folders, whose files share their names", async () => {
    const files = [...LAYOUT].map(([path, bytes]) => dropped(`my weights/${path}`, bytes));
    const folder = droppedWeights(chosenFiles(files));
    expect(folder.name).toBe('my weights');
    const pack = manifestOf(await exportToMemory(folder, 'f16'));
    expect(pack.name).toBe('Mine');
    expect(pack).toEqual(manifestOf(await exportToMemory(memoryFolder('on disk', LAYOUT), 'f16')));
  });

  it('never stand in for each other', async () => {
    const folder = droppedWeights(chosenFiles([dropped('config.json', jsonFile({}))]));
    expect(await folder.open('unet/config.json')).toBeUndefined();
    expect(await folder.open('config.json')).toBeDefined();
  });
});
