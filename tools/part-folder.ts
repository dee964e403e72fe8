import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFolder } from '../cli/node-files.ts';
import type { Folder } from '../src/pack/folder.ts';
import { memoryFolder } from './memory-pack.ts';
import { modelReading, randomModel } from './random-model.ts';

/**
 * Weights that `tools/torch-parts.py` has written, as a whole model's: an image encoder gets a small U-Net of random
 * numbers that reads its tokens, since a pack is never a part alone.
 */
export function partFolder(directory: string): Folder {
  const disk = diskFolder(directory);
  const config = join(directory, 'config.json');
  if (!existsSync(config)) return disk;
  const model = randomModel(modelReading(JSON.parse(readFileSync(config, 'utf8'))));
  model.delete('image_encoder/diffusion_pytorch_model.safetensors');
  const around = memoryFolder(directory, model);
  return {
    name: disk.name,
    open: async (path) => (await around.open(path)) ?? disk.open(path.replace(/^image_encoder\//, '')),
  };
}
