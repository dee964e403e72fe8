import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  autoencoderErrors,
  prepare,
  Truth,
  truthSize,
  unchecked,
  unetErrors,
  worst,
} from '../../../bench/pages/parity-checks.ts';
import { diskFolder } from '../../../cli/node-files.ts';
import { exportToMemory, memoryFolder, memoryPack } from '../../../tools/memory-pack.ts';
import { modelAround, randomModel, SMALL_MODEL } from '../../../tools/random-model.ts';
import { gaussianNoise } from '../../scd/noise.ts';
import { referenceEvaluation } from '../denoiser.ts';
import { WasmBackend } from './backend.ts';

const FIXTURES = [
  'fixtures/diffusers-unet',
  'fixtures/parity/linear',
  'fixtures/parity/convolution',
  'fixtures/parity/odd-size',
];

describe.each([
  ['f32', 1e-3],
  ['f16', 2e-2],
] as const)('the same numbers as the networks in PyTorch, weights in %s', (precision, tolerance) => {
  it.each(FIXTURES)('%s', { timeout: 120_000 }, async (directory) => {
    const truth = new Truth(new Uint8Array(readFileSync(join(directory, 'io.safetensors'))));
    const pack = memoryPack(await exportToMemory(diskFolder(directory), precision));
    const networks = await new WasmBackend().build(pack, truthSize(truth));
    const errors = await unetErrors(networks, pack.manifest, await prepare(networks, truth));
    networks.dispose();
    expect(unchecked(truth, errors)).toEqual([]);
    expect(worst(errors), JSON.stringify(errors)).toBeLessThan(tolerance);
  });

  it('an autoencoder', { timeout: 120_000 }, async () => {
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

describe('several references', () => {
  it('are seen together, whatever their order', { timeout: 120_000 }, async () => {
    const pack = memoryPack(await exportToMemory(memoryFolder('random', randomModel(SMALL_MODEL)), 'f32'));
    const networks = await new WasmBackend().build(pack, { width: 64, height: 64 });
    const latents = (stream: number) => networks.upload(gaussianNoise(256, 1, stream), [1, 4, 8, 8]);
    const [front, back] = [1, 2].map((stream) => referenceEvaluation(latents(stream), null)) as [
      ReturnType<typeof referenceEvaluation>,
      ReturnType<typeof referenceEvaluation>,
    ];
    const seeing = async (...references: (typeof front)[]) => {
      const memory = await networks.remember(references);
      return networks.download(
        await networks.evaluate({ sample: latents(0), pose: null, timestep: 500, memory }),
      );
    };
    const both = await seeing(front, back);
    const turned = await seeing(back, front);
    both.forEach((value, i) => expect(turned[i]).toBeCloseTo(value, 4));
    for (const alone of [await seeing(front), await seeing(back)]) {
      expect(Math.max(...both.map((value, i) => Math.abs(value - (alone[i] ?? 0))))).toBeGreaterThan(1e-3);
    }
    networks.dispose();
  });
});
