import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFolder } from '../cli/node-files.ts';
import { exportToMemory, type Files, memoryFolder } from './memory-pack.ts';
import { modelAround, randomModel } from './random-model.ts';

/**
 * A folder of weights and of what they compute (`io.safetensors`), as a pack with that truth beside it. The folder
 * holds a U-Net with its pose encoder, or an autoencoder alone.
 */
export async function exportFixture(directory: string, precision: 'f16' | 'f32'): Promise<Files> {
  const config = join(directory, 'config.json');
  const isAutoencoder = existsSync(config);
  const folder = isAutoencoder
    ? memoryFolder(directory, aroundAutoencoder(directory, config))
    : diskFolder(directory);
  const files = new Map(await exportToMemory(folder, precision));
  files.set('io.safetensors', read(join(directory, 'io.safetensors')));
  return files;
}

function aroundAutoencoder(directory: string, config: string): Files {
  const model = randomModel(modelAround(JSON.parse(readFileSync(config, 'utf8'))));
  const weights = readdirSync(directory).filter(
    (file) => file.endsWith('.safetensors') && !file.startsWith('io.'),
  );
  const [only] = weights;
  if (only === undefined || weights.length > 1) {
    throw new Error(
      `${directory} should hold one file of weights; it holds ${weights.join(', ') || 'none'}.`,
    );
  }
  return model.set('vae/diffusion_pytorch_model.safetensors', read(join(directory, only)));
}

function read(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
}
