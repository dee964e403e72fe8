import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFolder } from '../cli/node-files.ts';
import type { Folder } from '../src/pack/folder.ts';
import { memoryFolder } from './memory-pack.ts';
import { modelAround, modelReading, randomModel } from './random-model.ts';

/**
 * Weights that `tools/torch-parts.py` has written, as a whole model's: an image encoder and an autoencoder get a small
 * U-Net of random numbers that fits them, since a pack is never a part alone.
 */
export function partFolder(directory: string): Folder {
  const disk = diskFolder(directory);
  const configPath = join(directory, 'config.json');
  if (!existsSync(configPath)) return disk;
  const config = JSON.parse(readFileSync(configPath, 'utf8'));
  const isAutoencoder = '_class_name' in config;
  const model = randomModel(isAutoencoder ? modelAround(config) : modelReading(config));
  const weights = `${isAutoencoder ? 'vae' : 'image_encoder'}/diffusion_pytorch_model.safetensors`;
  model.delete(weights);
  const around = memoryFolder(directory, model);
  return {
    name: disk.name,
    async open(path) {
      if (path === weights) return disk.open(isAutoencoder ? 'weights.safetensors' : 'model.safetensors');
      return around.open(path);
    },
  };
}
