import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Truth, worst } from '../../../bench/pages/parity-checks.ts';
import { partErrors, partSize } from '../../../bench/pages/sd-parts-checks.ts';
import { exportToMemory, memoryFolder, memoryPack } from '../../../tools/memory-pack.ts';
import { partFolder } from '../../../tools/part-folder.ts';
import { randomModel, SMALL_PAIR } from '../../../tools/random-model.ts';
import { gaussianNoise } from '../../scd/noise.ts';
import { type DenoiseOptions, Denoiser } from '../denoiser.ts';
import { WrongInputError } from '../errors.ts';
import { WasmBackend } from './backend.ts';

const FIXTURES = [
  'fixtures/reference-net',
  'fixtures/image-encoder/quick-gelu',
  'fixtures/image-encoder/gelu',
];

describe.each([
  ['f32', 1e-3],
  ['f16', 2e-2],
] as const)('the same numbers as the networks in PyTorch, weights in %s', (precision, tolerance) => {
  it.each(FIXTURES)('%s', { timeout: 120_000 }, async (directory) => {
    const truth = new Truth(new Uint8Array(readFileSync(join(directory, 'io.safetensors'))));
    const pack = memoryPack(await exportToMemory(partFolder(directory), precision));
    const networks = await new WasmBackend().build(pack, partSize(truth));
    const errors = await partErrors(networks, pack.manifest, truth);
    networks.dispose();
    expect(worst(errors), JSON.stringify(errors)).toBeLessThan(tolerance);
  });
});

describe('a model with a reference net and an image encoder', async () => {
  const size = { width: 64, height: 64 };
  const pack = memoryPack(await exportToMemory(memoryFolder('pair', randomModel(SMALL_PAIR)), 'f32'));
  const networks = await new WasmBackend().build(pack, size);
  const denoiser = new Denoiser(networks, pack.manifest, size);
  const planes = (side: number, stream: number) => gaussianNoise(3 * side * side, 5, stream);
  const photo = (stream: number, look = stream) => ({
    image: planes(64, stream),
    skeleton: planes(64, 10 + stream),
    pixels: planes(32, 20 + look),
  });
  const options: DenoiseOptions = { steps: 2, seed: 1, guidance: 3.5 };
  const frame = async (change: Partial<DenoiseOptions> = {}) =>
    networks.download(await denoiser.denoise(planes(64, 3), { ...options, ...change }));
  const apart = (a: Float32Array, b: Float32Array) =>
    Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

  it('makes a frame that follows the photo and its embedding', { timeout: 120_000 }, async () => {
    await denoiser.setReferences([photo(1)]);
    const first = await frame();
    expect(first.every(Number.isFinite)).toBe(true);
    expect(apart(await frame(), first)).toBe(0);
    // A reference net sees no pose, so there is none to hide.
    expect(apart(await frame({ referencePose: false }), first)).toBe(0);
    expect(apart(await frame({ guidance: 1 }), first)).toBeGreaterThan(1e-3);

    await denoiser.setReferences([photo(2, 1)]);
    expect(apart(await frame(), first)).toBeGreaterThan(1e-3);
    await denoiser.setReferences([photo(1, 2)]);
    expect(apart(await frame(), first)).toBeGreaterThan(1e-4);
  });

  it('sees several photos together, whatever their order', { timeout: 120_000 }, async () => {
    await denoiser.setReferences([photo(1), photo(2)]);
    const both = await frame();
    await denoiser.setReferences([photo(2), photo(1)]);
    expect(apart(await frame(), both)).toBeLessThan(1e-3);
    await denoiser.setReferences([photo(1)]);
    expect(apart(await frame(), both)).toBeGreaterThan(1e-3);
  });

  it('has no mutual variant, and says so', async () => {
    await denoiser.setReferences([photo(1)]);
    await expect(frame({ interaction: 'mutual' })).rejects.toThrow(WrongInputError);
  });
});
