import { describe, expect, it } from 'vitest';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { type ModelConfigs, randomModel, SMALL_MODEL } from '../../tools/random-model.ts';
import { jsonFile, sha256 } from '../../tools/random-weights.ts';
import { checkPack } from './check.ts';
import type { PackManifest } from './manifest.ts';

const exported = (configs: ModelConfigs): Promise<Files> =>
  exportToMemory(memoryFolder('small', randomModel(configs)), 'f16');

describe('a retoucher', async () => {
  const sound = await exported(SMALL_MODEL);
  const manifest = manifestOf(sound);
  const faultsWith = (change: Partial<PackManifest>) =>
    checkPack(
      memoryFolder('memory', new Map([...sound, ['pack.json', jsonFile({ ...manifest, ...change })]])),
      sha256,
    );

  it('is exported with the model, and found sound', async () => {
    expect(manifest.configs.retoucher).toEqual(SMALL_MODEL.retoucher);
    expect(manifest.retoucher).toEqual({ graph: 'retoucher.onnx', weights: 'retoucher.safetensors' });
    expect(await faultsWith({})).toEqual([]);
  });

  it('may be missing', async () => {
    const { retoucher: _, ...configs } = SMALL_MODEL;
    const without = manifestOf(await exported(configs));
    expect([without.retoucher, without.configs.retoucher]).toEqual([undefined, undefined]);
  });

  it('goes with its config, in a pack', async () => {
    const { retoucher: _, ...configs } = manifest.configs;
    expect((await faultsWith({ configs })).join()).toContain('configs.retoucher is missing');
    expect((await faultsWith({ retoucher: undefined } as never)).join()).toContain('retoucher has no graph');
    const decoder = manifest.decoder as NonNullable<PackManifest['decoder']>;
    expect((await faultsWith({ retoucher: decoder })).join()).toContain(
      'for decoder.safetensors, and its config comes to',
    );
  });

  it('needs an autoencoder', async () => {
    const { autoencoder: _, ...configs } = SMALL_MODEL;
    await expect(exported(configs)).rejects.toThrow('without an autoencoder');
  });

  it.each([
    [{ layers_per_block: [1] }, 'do not go together'],
    [{ block_out_channels: [], layers_per_block: [] }, 'do not go together'],
    [{ block_out_channels: Array(7).fill(4), layers_per_block: Array(7).fill(1) }, 'six levels'],
    [{ last_channels: 0 }, 'last_channels'],
  ])('of an odd shape is named: %j', async (change, words) => {
    const { retoucher, ...rest } = manifest.configs;
    const configs = { ...rest, retoucher: { ...retoucher, ...change } as NonNullable<typeof retoucher> };
    expect((await faultsWith({ configs })).join()).toContain(words);
  });
});
