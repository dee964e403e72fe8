import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  autoencoderErrors,
  Truth,
  truthSize,
  unetErrors,
  worst,
} from '../../../bench/pages/parity-checks.ts';
import { diskFolder } from '../../../cli/node-files.ts';
import { exportToMemory, memoryFolder, memoryPack } from '../../../tools/memory-pack.ts';
import { modelAround, randomModel } from '../../../tools/random-model.ts';
import { WasmBackend } from './backend.ts';

const FIXTURES = ['fixtures/diffusers-unet', 'fixtures/parity/linear', 'fixtures/parity/convolution'];

describe.each([
  ['f32', 1e-3],
  ['f16', 2e-2],
] as const)('the same numbers as the networks in PyTorch, weights in %s', (precision, tolerance) => {
  it.each(FIXTURES)('%s', async (directory) => {
    const truth = new Truth(new Uint8Array(readFileSync(join(directory, 'io.safetensors'))));
    const pack = memoryPack(await exportToMemory(diskFolder(directory), precision));
    const networks = await new WasmBackend().build(pack, truthSize(truth));
    const errors = await unetErrors(networks, pack.manifest, truth);
    networks.dispose();
    expect(worst(errors), JSON.stringify(errors)).toBeLessThan(tolerance);
  });

  it('an autoencoder', async () => {
    const directory = 'fixtures/diffusers-autoencoders/tiny';
    const read = (file: string) => new Uint8Array(readFileSync(join(directory, file)));
    const truth = new Truth(read('io.safetensors'));
    const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
    const model = randomModel(modelAround(config));
    model.set('vae/diffusion_pytorch_model.safetensors', read('weights.safetensors'));
    const pack = memoryPack(await exportToMemory(memoryFolder(directory, model), precision));
    const networks = await new WasmBackend().build(pack, truthSize(truth));
    expect(worst(await autoencoderErrors(networks, pack.manifest, truth))).toBeLessThan(tolerance);
    networks.dispose();
  });
});
