import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFolder, diskPackWriter } from '../../cli/node-files.ts';
import { unetTensors } from '../../tools/diffusers-tensors.ts';
import { memoryFolder } from '../../tools/memory-pack.ts';
import { checkpoint, exported, type Files, randomConfig, unetConfig } from '../../tools/random-checkpoint.ts';
import { jsonFile, sha256 } from '../../tools/random-weights.ts';
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
import { tensorIndexOf } from '../onnx/safetensors.ts';
import { SchedulerError } from '../scd/errors.ts';
import { checkPack } from './check.ts';
import { ConfigFileError, NetworksMismatchError, WeightsNotFoundError } from './errors.ts';
import { exportPack } from './export.ts';

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

  it('refuses a schedule that it cannot follow', async () => {
    const path = 'scheduler/scheduler_config.json';
    const files = checkpoint(unetConfig());
    const scheduler = JSON.parse(new TextDecoder().decode(files.get(path)));
    files.set(path, jsonFile({ ...scheduler, thresholding: true }));
    await expect(exported(files)).rejects.toThrow(SchedulerError);
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
