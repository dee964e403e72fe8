import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Tensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { exportToMemory, memoryFolder } from '../../tools/memory-pack.ts';
import { checkpoint, exported, type Files, unetConfig } from '../../tools/random-checkpoint.ts';
import { jsonFile, safetensorsFile, sha256 } from '../../tools/random-weights.ts';
import { presentAutoencoderName } from '../onnx/autoencoder-kl.ts';
import { safetensorsHeader, tensorIndexOf } from '../onnx/safetensors.ts';
import { checkPack } from './check.ts';
import { NetworksMismatchError } from './errors.ts';

describe('forms of weights', () => {
  const halves = (files: Files, dtype: 'F16' | 'BF16') =>
    files.set('unet/diffusion_pytorch_model.safetensors', safetensorsFile(unetTensors(unetConfig()), dtype));

  it('stores f16 as it came', async () => {
    const files = checkpoint(unetConfig());
    halves(files, 'F16');
    const { pack, manifest } = await exported(files);
    const source = files.get('unet/diffusion_pytorch_model.safetensors')!;
    const given = tensorIndexOf(source, '').get('conv_in.weight')!;
    const path = manifest.unet[0]!.weights;
    const stored = tensorIndexOf(pack.get(path)!, path).get('conv_in.weight')!;
    expect(pack.get(path)!.slice(stored.offset, stored.offset + stored.bytes)).toEqual(
      source.slice(given.offset, given.offset + given.bytes),
    );
  });

  it('reads bf16', async () => {
    const files = checkpoint(unetConfig());
    halves(files, 'BF16');
    const { pack, manifest } = await exported(files, 'f32');
    const source = files.get('unet/diffusion_pytorch_model.safetensors')!;
    const given = tensorIndexOf(source, '').get('conv_in.bias')!;
    const path = manifest.unet[0]!.weights;
    const stored = tensorIndexOf(pack.get(path)!, path).get('conv_in.bias')!;
    const upper = (at: number) => new DataView(source.buffer).getUint16(given.offset + 2 * at, true);
    const found = new DataView(pack.get(path)!.buffer);
    for (let i = 0; i < 8; i++) expect(found.getUint32(stored.offset + 4 * i, true)).toBe(upper(i) * 65536);
  });

  it('reads shards', async () => {
    const whole = checkpoint(unetConfig());
    const tensors = [...unetTensors(unetConfig())];
    const shards = [tensors.slice(0, 20), tensors.slice(20)];
    const base = 'unet/diffusion_pytorch_model';
    const sharded = new Map(whole);
    const bytes = whole.get(`${base}.safetensors`)!;
    const index = tensorIndexOf(bytes, '');
    sharded.delete(`${base}.safetensors`);
    shards.forEach((shard, i) => {
      const header = safetensorsHeader(shard.map(([name, shape]) => ({ name, shape, dtype: 'F32' })));
      const data = shard.map(([name]) => {
        const { offset, bytes: length } = index.get(name)!;
        return bytes.slice(offset, offset + length);
      });
      sharded.set(
        `${base}-${i}.safetensors`,
        Uint8Array.from([header, ...data].flatMap((part) => [...part])),
      );
    });
    const map = Object.fromEntries(
      shards.flatMap((shard, i) => shard.map(([name]) => [name, `diffusion_pytorch_model-${i}.safetensors`])),
    );
    sharded.set(`${base}.safetensors.index.json`, jsonFile({ weight_map: map }));
    expect((await exported(sharded)).manifest.files).toEqual((await exported(whole)).manifest.files);

    sharded.delete(`${base}-1.safetensors`);
    await expect(exported(sharded)).rejects.toThrow(`${base}-1.safetensors`);
  });
});

describe('an autoencoder', () => {
  const unet = 'fixtures/diffusers-unet';
  const tiny = 'fixtures/diffusers-autoencoders/tiny';
  const read = (path: string) => new Uint8Array(readFileSync(path));

  function model(): Files {
    const names = ['unet', 'pose_encoder'].flatMap((name) => [`${name}.safetensors`, `${name}_config.json`]);
    const files: Files = new Map(
      [...names, 'scheduler_config.json'].map((name) => [name, read(`${unet}/${name}`)]),
    );
    return files
      .set('vae/config.json', read(`${tiny}/config.json`))
      .set('vae/diffusion_pytorch_model.safetensors', read(`${tiny}/weights.safetensors`));
  }

  it('comes along where there is one', async () => {
    const { pack, manifest } = await exported(model());
    expect(manifest).toMatchObject({
      encoder: { graph: 'encoder.onnx' },
      decoder: { weights: 'decoder.safetensors' },
    });
    expect(manifest.configs.autoencoder?._class_name).toBe('AutoencoderTiny');
    expect(await checkPack(memoryFolder('memory', pack), sha256)).toEqual([]);
  });

  it('must fit the U-Net and the pose encoder', async () => {
    const config = JSON.parse(new TextDecoder().decode(model().get('vae/config.json')));
    const other = { ...config, encoder_block_out_channels: [16, 16, 16], num_encoder_blocks: [1, 3, 3] };
    await expect(exported(model().set('vae/config.json', jsonFile(other)))).rejects.toThrow(
      'shrinks 4 times',
    );
    const wide = { ...config, latent_channels: 16 };
    await expect(exported(model().set('vae/config.json', jsonFile(wide)))).rejects.toThrow(
      NetworksMismatchError,
    );
  });

  it('may have the names of older releases', () => {
    const block = 'encoder.mid_block.attentions.0';
    const names = ['query.weight', 'key.bias', 'value.weight', 'proj_attn.bias', 'group_norm.weight'];
    expect(names.map((name) => presentAutoencoderName(`${block}.${name}`))).toEqual(
      ['to_q.weight', 'to_k.bias', 'to_v.weight', 'to_out.0.bias', 'group_norm.weight'].map(
        (name) => `${block}.${name}`,
      ),
    );
  });
});

describe('one file for all networks', () => {
  const base = 'diffusion_pytorch_model.safetensors';

  function whole(extra: Tensors = new Map()): Files {
    const apart = checkpoint(unetConfig());
    const tensors: Tensors = new Map(extra);
    for (const network of ['unet', 'pose_encoder']) {
      for (const [name, { shape }] of tensorIndexOf(apart.get(`${network}/${base}`)!, network)) {
        tensors.set(`${network}.${name}`, shape);
      }
      apart.delete(`${network}/${base}`);
    }
    return apart.set('all.safetensors', safetensorsFile(tensors));
  }

  it('is read by the names in front', async () => {
    const pack = await exportToMemory(memoryFolder('memory', whole()), 'f16', 'all.safetensors');
    expect(await checkPack(memoryFolder('memory', pack), sha256)).toEqual([]);
  });

  it('must hold nothing else', async () => {
    const folder = memoryFolder('memory', whole(new Map([['clip.weight', [2]]])));
    await expect(exportToMemory(folder, 'f16', 'all.safetensors')).rejects.toThrow('clip.weight');
  });
});
