import { beforeAll, describe, expect, it } from 'vitest';
import { type Files, memoryFolder } from '../../tools/memory-pack.ts';
import { checkpoint, exported, unetConfig } from '../../tools/random-checkpoint.ts';
import { sha256 } from '../../tools/random-weights.ts';
import { evaluate, type Numbers, Runner, timeEmbedding } from '../../tools/run-parts.ts';
import { checkPack } from '../pack/check.ts';
import type { PackManifest } from '../pack/manifest.ts';
import { TensorRangeError } from './errors.ts';
import { widenHalves } from './float.ts';
import { decodeModel, hasInt8 } from './model.ts';
import { isQuantizable, quantize } from './quantize.ts';
import { tensorIndexOf } from './safetensors.ts';

describe('a matrix in 8 bits', () => {
  const rows = 5;
  const floats = Float32Array.from({ length: rows * 40 }, (_, i) => Math.sin(i * i) * 10 ** -(i / 40));
  const { values, scales } = quantize(floats, rows, 'matrix');
  const steps = widenHalves(scales);

  it('is within half a step of what it was, row by row', () => {
    floats.forEach((value, i) => {
      const step = steps[Math.floor(i / 40)]!;
      expect(Math.abs(values[i]! * step - value)).toBeLessThanOrEqual(step * 0.57);
    });
    const most = Array.from({ length: rows }, (_, row) =>
      Math.max(...values.subarray(row * 40, row * 40 + 40).map(Math.abs)),
    );
    expect(Math.min(...most)).toBeGreaterThan(120);
  });

  it('may be zero, or nearly', () => {
    const { values: zeros } = quantize(new Float32Array(8), 2, 'zeros');
    expect([...zeros]).toEqual(Array(8).fill(0));
    const tiny = quantize(Float32Array.of(1e-9, -1e-9), 1, 'tiny');
    expect([...tiny.values].every((value) => Math.abs(value) <= 127)).toBe(true);
  });

  it.each([Number.POSITIVE_INFINITY, Number.NaN, 70000])('cannot hold %d', (value) => {
    expect(() => quantize(Float32Array.of(0, value, 1), 1, 'matrix')).toThrow(TensorRangeError);
  });

  it.each([
    ['a large matrix', { shape: [256, 128], transposed: true }, true],
    ['a large convolution', { shape: [64, 64, 3, 3], transposed: false }, true],
    ['a small one', { shape: [320, 4, 3, 3], transposed: false }, false],
    ['a bias', { shape: [65536], transposed: false }, false],
    ['a table that is added', { shape: [257, 1024], transposed: false }, false],
    ['one that is no multiple of four', { shape: [33, 35, 3, 11], transposed: false }, false],
  ])('%s: %o', (_, weight, expected) => {
    expect(isQuantizable({ name: 'w', dims: weight.shape, ...weight })).toBe(expected);
  });
});

describe('a U-Net in 8 bits', () => {
  const config = unetConfig({ block_out_channels: [32, 128], cross_attention_dim: 64 });
  const packs = new Map<string, { pack: Files; manifest: PackManifest }>();
  const unetBytes = (storage: string) => {
    const { manifest } = packs.get(storage)!;
    return manifest.unet.reduce((sum, { weights }) => sum + manifest.files[weights]!.bytes, 0);
  };

  beforeAll(async () => {
    const weights = checkpoint(config);
    for (const storage of ['f32', 'f16', 'int8'] as const)
      packs.set(storage, await exported(weights, storage));
  }, 60_000);

  it('is a sound pack of about half the size', async () => {
    const { pack, manifest } = packs.get('int8')!;
    expect(await checkPack(memoryFolder('memory', pack), sha256)).toEqual([]);
    expect(manifest).toMatchObject({ precision: 'f16', weights: 'int8' });
    expect(unetBytes('int8') / unetBytes('f16')).toBeLessThan(0.65);
  });

  it('keeps its small tensors, the pose encoder and the names of all', () => {
    const { pack, manifest } = packs.get('int8')!;
    const first = tensorIndexOf(pack.get(manifest.unet[0]!.weights)!, '');
    expect(first.get('conv_in.weight')).toMatchObject({ dtype: 'F16' });
    expect(first.get('down_blocks.0.resnets.0.norm1.bias')).toMatchObject({ dtype: 'F16' });
    expect(hasInt8(decodeModel(pack.get(manifest.poseEncoder.graph)!))).toBe(false);
    const stored = manifest.unet.flatMap(({ weights }) => [...tensorIndexOf(pack.get(weights)!, weights)]);
    const large = stored.filter(([, { dtype }]) => dtype === 'I8').map(([name]) => name);
    expect(large).toContain('mid_block.resnets.0.conv1.weight');
    expect(large).toContain('mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.weight');
    const scales = new Map(stored.filter(([name]) => name.endsWith('_scale')));
    expect(new Set(scales.keys())).toEqual(new Set(large.map((name) => `${name}_scale`)));
  });

  it('computes nearly the same', { timeout: 120_000 }, async () => {
    const filled = (...shape: number[]): Numbers => {
      const values = new Float32Array(shape.reduce((a, b) => a * b));
      return { shape, values: values.map((_, i) => Math.sin(i)) };
    };
    const run = async (storage: string) => {
      const { pack, manifest } = packs.get(storage)!;
      const segments: Runner[] = [];
      for (const { graph, weights } of manifest.unet) {
        const part = { graph: pack.get(graph)!, weights: pack.get(weights)! };
        segments.push(await Runner.load(part, weights.split('/').at(-1)));
      }
      const inputs = {
        sample: filled(1, 4, 8, 8),
        pose: filled(1, 32, 8, 8),
        time: timeEmbedding(500, 32),
        context: filled(1, 5, 64),
      };
      const attentions = manifest.unet.flatMap(({ attention }) => attention ?? []);
      return (await evaluate(segments, attentions, inputs)).prediction.values;
    };
    const truth = await run('f32');
    const energy = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
    const error = async (storage: string) => {
      const found = await run(storage);
      return energy(found.map((value, i) => value - truth[i]!)) / energy(truth);
    };
    const [half, int8] = [await error('f16'), await error('int8')];
    expect(int8).toBeGreaterThan(half);
    expect(int8).toBeLessThan(0.02);
  });
});
