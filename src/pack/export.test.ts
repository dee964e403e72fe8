import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFolder, diskPackWriter } from '../../cli/node-files.ts';
import { poseEncoderTensors, type Tensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { exportToMemory, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { jsonFile, safetensorsFile, sha256 } from '../../tools/random-weights.ts';
import { evaluate, Runner, timeEmbedding } from '../../tools/run-parts.ts';
import type { UNetConfig } from '../onnx/configs.ts';
import {
  TensorMissingError,
  TensorRangeError,
  TensorShapeError,
  TensorTypeError,
  TensorUnexpectedError,
  UnknownArchitectureError,
} from '../onnx/errors.ts';
import { safetensorsHeader, tensorIndexOf } from '../onnx/safetensors.ts';
import { checkPack } from './check.ts';
import { presentAutoencoderName } from './checkpoint.ts';
import { ConfigFileError, NetworksMismatchError, WeightsNotFoundError } from './errors.ts';
import { exportPack } from './export.ts';

const SCHEDULER = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
};

function unetConfig(changes: Partial<UNetConfig> = {}): UNetConfig {
  return {
    in_channels: 4,
    out_channels: 4,
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    block_out_channels: [8, 16],
    layers_per_block: 1,
    norm_num_groups: 4,
    norm_eps: 1e-5,
    cross_attention_dim: null,
    attention_head_dim: 2,
    flip_sin_to_cos: true,
    freq_shift: 0,
    act_fn: 'silu',
    ...changes,
  };
}

/** A U-Net of 2 to 4 levels, all of its choices thrown anew. */
function randomConfig(seed: number): UNetConfig {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const pick = <T>(...choices: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)] as T;
  };
  const levels = pick(2, 3, 4);
  const each = <T>(choose: () => T): T[] => Array.from({ length: levels }, choose);
  const heads = each(() => pick(1, 2, 4));
  const layers = each(() => pick(1, 2));
  return unetConfig({
    in_channels: pick(4, 9, 16),
    out_channels: pick(4, 8),
    block_out_channels: each(() => pick(8, 16, 24)),
    down_block_types: each(() => pick('CrossAttnDownBlock2D', 'DownBlock2D')),
    up_block_types: each(() => pick('CrossAttnUpBlock2D', 'UpBlock2D')),
    mid_block_type: pick('UNetMidBlock2DCrossAttn', 'UNetMidBlock2DCrossAttn', 'UNetMidBlock2D', null),
    layers_per_block: pick<number | number[]>(pick(1, 2, 3), layers),
    attention_head_dim: pick<number | number[]>(pick(1, 2), heads),
    transformer_layers_per_block: pick(1, 1, 2),
    cross_attention_dim: pick(null, 12),
    use_linear_projection: pick(true, false),
    norm_num_groups: pick(2, 4, 8),
    downsample_padding: pick(1, 1, 0),
  });
}

type Files = Map<string, Uint8Array<ArrayBuffer>>;

interface Changes {
  readonly unet?: (tensors: Tensors) => void;
  readonly files?: (files: Files) => void;
}

function checkpoint(config: UNetConfig, changes: Changes = {}): Files {
  const pose = {
    conditioning_embedding_channels: config.block_out_channels[0] as number,
    conditioning_channels: 3,
    block_out_channels: [4, 8],
  };
  const tensors = unetTensors(config);
  changes.unet?.(tensors);
  const files: Files = new Map([
    ['unet/config.json', jsonFile(config)],
    ['unet/diffusion_pytorch_model.safetensors', safetensorsFile(tensors)],
    ['pose_encoder/config.json', jsonFile(pose)],
    ['pose_encoder/diffusion_pytorch_model.safetensors', safetensorsFile(poseEncoderTensors(pose))],
    ['scheduler/scheduler_config.json', jsonFile(SCHEDULER)],
  ]);
  changes.files?.(files);
  return files;
}

async function exported(files: Files, precision: 'f16' | 'f32' = 'f16') {
  const pack = await exportToMemory(memoryFolder('memory', files), precision);
  return { pack, manifest: manifestOf(pack) };
}

describe('random U-Nets', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))('use every tensor once (%i)', async (seed) => {
    const config = randomConfig(seed);
    const { pack, manifest } = await exported(checkpoint(config));
    const stored = manifest.unet.flatMap(({ weights }) => [
      ...tensorIndexOf(pack.get(weights)!, weights).keys(),
    ]);
    expect(stored.toSorted()).toEqual([...unetTensors(config).keys()].toSorted());
    expect(await checkPack(memoryFolder('memory', pack), sha256)).toEqual([]);
  });

  it.each([0, 1, 2, 3, 4, 5])('lack or have too much by name (%i)', async (seed) => {
    const config = randomConfig(seed);
    const names = [...unetTensors(config).keys()];
    const lost = names[(seed * 37) % names.length] as string;
    await expect(exported(checkpoint(config, { unet: (tensors) => tensors.delete(lost) }))).rejects.toThrow(
      expect.objectContaining({ constructor: TensorMissingError, tensors: [lost] }),
    );
    await expect(
      exported(checkpoint(config, { unet: (tensors) => tensors.set('one.too.many', [3]) })),
    ).rejects.toThrow(
      expect.objectContaining({ constructor: TensorUnexpectedError, tensors: ['one.too.many'] }),
    );
  });

  // Latents that are not square, and a batch of one.
  it.each([0, 1, 2, 3])('run (%i)', async (seed) => {
    const config = randomConfig(seed);
    const { pack, manifest } = await exported(checkpoint(config), 'f32');
    const segments: Runner[] = [];
    for (const { graph, weights } of manifest.unet) {
      const part = { graph: pack.get(graph)!, weights: pack.get(weights)! };
      segments.push(await Runner.load(part, weights.split('/').at(-1)));
    }
    const first = config.block_out_channels[0]!;
    const [height, width] = [8, 16];
    const filled = (...shape: number[]) => {
      const values = new Float32Array(shape.reduce((a, b) => a * b));
      return { shape, values: values.map((_, i) => Math.sin(i)) };
    };
    const { prediction } = await evaluate(
      segments,
      manifest.unet.flatMap(({ attention }) => attention ?? []),
      {
        sample: filled(1, config.in_channels, height, width),
        pose: filled(1, first, height, width),
        time: timeEmbedding(500, first),
        context: filled(1, 5, config.cross_attention_dim ?? 1),
      },
    );
    expect(prediction.shape).toEqual([1, config.out_channels, height, width]);
    expect(prediction.values.every(Number.isFinite)).toBe(true);
  });
});

describe('what cannot be exported', () => {
  it.each<[string, Partial<UNetConfig>]>([
    ['act_fn', { act_fn: 'mish' }],
    ['AttnDownBlock2D', { down_block_types: ['AttnDownBlock2D', 'DownBlock2D'] }],
    ['class_embed_type', { class_embed_type: 'timestep' }],
    ['dual_cross_attention', { dual_cross_attention: true }],
    ['3 heads', { attention_head_dim: 3 }],
    ['UNet3DConditionModel', { _class_name: 'UNet3DConditionModel' }],
    ['norm groups', { norm_num_groups: 5 }],
    ['in_channels', { in_channels: 0 }],
  ])('an unknown architecture: %s', async (words, changes) => {
    const attempt = exported(
      new Map([...checkpoint(unetConfig()), ['unet/config.json', jsonFile(unetConfig(changes))]]),
    );
    await expect(attempt).rejects.toThrow(UnknownArchitectureError);
    await expect(attempt).rejects.toThrow(words);
  });

  it('says which tensor has a wrong shape', async () => {
    const attempt = exported(
      checkpoint(unetConfig(), { unet: (tensors) => tensors.set('conv_in.weight', [8, 4, 1, 1]) }),
    );
    await expect(attempt).rejects.toThrow(TensorShapeError);
    await expect(attempt).rejects.toThrow('conv_in.weight has the shape [8, 4, 1, 1]');
  });

  it('says which file is missing', async () => {
    for (const path of [
      'unet/config.json',
      'unet/diffusion_pytorch_model.safetensors',
      'scheduler/scheduler_config.json',
    ]) {
      const attempt = exported(checkpoint(unetConfig(), { files: (files) => files.delete(path) }));
      await expect(attempt).rejects.toThrow(WeightsNotFoundError);
      await expect(attempt).rejects.toThrow(path);
    }
  });

  it('names a config that is not JSON', async () => {
    const files = checkpoint(unetConfig(), {
      files: (all) => all.set('unet/config.json', new Uint8Array([0x7b])),
    });
    await expect(exported(files)).rejects.toThrow(ConfigFileError);
  });

  it('refuses networks that do not fit together', async () => {
    const pose = {
      conditioning_embedding_channels: 12,
      conditioning_channels: 3,
      block_out_channels: [4, 8],
    };
    const files = checkpoint(unetConfig(), {
      files: (all) => all.set('pose_encoder/config.json', jsonFile(pose)),
    });
    await expect(exported(files)).rejects.toThrow(NetworksMismatchError);
  });

  it('refuses values that f16 cannot hold, and takes them in f32', async () => {
    const large = (files: Files) => {
      const bytes = files.get('unet/diffusion_pytorch_model.safetensors')!;
      const { offset } = tensorIndexOf(bytes, 'unet').get('conv_out.bias')!;
      new DataView(bytes.buffer).setFloat32(offset, 1e6, true);
    };
    const files = checkpoint(unetConfig(), { files: large });
    await expect(exported(files)).rejects.toThrow(TensorRangeError);
    await expect(exported(files, 'f32')).resolves.toBeDefined();
  });

  it('refuses integers', async () => {
    const files = checkpoint(unetConfig(), {
      files: (all) => {
        const path = 'unet/diffusion_pytorch_model.safetensors';
        const text = new TextDecoder('latin1').decode(all.get(path)!).replace('"F32"', '"I32"');
        all.set(
          path,
          Uint8Array.from(text, (character) => character.charCodeAt(0)),
        );
      },
    });
    await expect(exported(files)).rejects.toThrow(TensorTypeError);
  });
});

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

describe("ONNX's own checker", () => {
  const python = '/usr/bin/python3';
  const hasOnnx = spawnSync(python, ['-c', 'import onnx']).status === 0;

  // It is Debian's python3-onnx; the app and its other tests need no Python.
  it.runIf(hasOnnx)('passes every graph', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pirouette-pack-'));
    try {
      await exportPack(diskFolder('fixtures/diffusers-unet'), diskPackWriter(folder), { precision: 'f16' });
      const random = randomConfig(7);
      await exportPack(memoryFolder('memory', checkpoint(random)), diskPackWriter(join(folder, 'random')), {
        precision: 'f32',
      });
      const report = execFileSync(python, ['tools/check-onnx.py', folder], { encoding: 'utf8' });
      expect(report.match(/: sound/g)).toHaveLength(report.trim().split('\n').length);
      expect(JSON.parse(readFileSync(join(folder, 'pack.json'), 'utf8')).unet).toHaveLength(5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
