import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { randomModel, randomWeights, SMALL_MODEL } from '../../tools/random-model.ts';
import { jsonFile, sha256 } from '../../tools/random-weights.ts';
import { conv, sizeAt } from '../onnx/layers.ts';
import { type SegmentPlan, Trace } from '../onnx/trace.ts';
import { checkPack } from './check.ts';
import { type AnyNetwork, NETWORKS } from './networks.ts';
import { openPack } from './open.ts';
import { partsOf } from './plan-networks.ts';

const table = NETWORKS as unknown as Record<string, AnyNetwork>;

/** All that a new network takes: one convolution, once a frame. */
const TINT: AnyNetwork = {
  title: 'tint',
  places: ['tint'],
  storage: 'floats',
  plan({ channels }: { channels: number }): SegmentPlan {
    const trace = new Trace('Tint');
    const frame = trace.input('frame', ['batch', channels, ...sizeAt(0)]);
    trace.output(conv(trace, 'conv', frame, { out: channels }), 'image');
    return trace.finish()[0] as SegmentPlan;
  },
  parts: { warmTint: { when: 'frame', segments: (plan) => [plan] } },
  misfit: ({ config }, { unet }) =>
    config.channels < unet.config.in_channels ? undefined : 'the tint is wider than the latents',
};

const weights = (channels: number) =>
  new Map([
    ...randomModel(SMALL_MODEL),
    ['tint/config.json', jsonFile({ channels })],
    ['tint/model.safetensors', randomWeights([TINT.plan({ channels }, {})], 1)],
  ]);
const exported = (channels = 3) => exportToMemory(memoryFolder('with a tint', weights(channels)), 'int8');

/** A pack as somebody drops it on the page. */
const dropped = (files: Files) =>
  openPack({
    kind: 'files',
    files: [...files].map(([path, bytes]) =>
      Object.defineProperty(new File([bytes], path.split('/').at(-1) as string), 'webkitRelativePath', {
        value: `pack/${path}`,
      }),
    ),
  });

describe('a network of one entry', () => {
  beforeAll(() => {
    table.tint = TINT;
  });
  afterAll(() => {
    delete table.tint;
  });

  it('is exported, described, found sound and opened', async () => {
    const files = await exported();
    const manifest = manifestOf(files) as unknown as Record<string, unknown>;
    expect(manifest.configs).toMatchObject({ tint: { channels: 3 } });
    expect(manifest.warmTint).toEqual({ graph: 'warm_tint.onnx', weights: 'warm_tint.safetensors' });
    expect(await checkPack(memoryFolder('pack', files), sha256)).toEqual([]);
    const pack = await dropped(files);
    const part = partsOf(pack.manifest).find(({ network }) => network === 'tint');
    expect(part).toMatchObject({ when: 'frame', storage: 'f16', title: 'tint' });
    expect(Buffer.compare(await pack.read('warm_tint.onnx'), files.get('warm_tint.onnx')!)).toBe(0);
  });

  it('may be missing, and is told where half of it is', async () => {
    expect(
      manifestOf(await exportToMemory(memoryFolder('plain', randomModel(SMALL_MODEL)), 'f16')),
    ).toBeDefined();
    const files = await exported();
    const { warmTint: _, ...rest } = manifestOf(files) as unknown as Record<string, unknown>;
    const half = new Map([...files, ['pack.json', jsonFile(rest)]] as const);
    expect((await checkPack(memoryFolder('half', half), sha256)).join()).toContain('warmTint has no graph');
  });

  it('is refused where it does not fit, or its weights are others', async () => {
    await expect(exported(4)).rejects.toThrow('the tint is wider than the latents');
    const other = weights(3).set('tint/config.json', jsonFile({ channels: 2 }));
    await expect(exportToMemory(memoryFolder('other', other), 'f16')).rejects.toThrow(
      'conv.weight has the shape',
    );
    const files = await exported();
    const graph = new Map([...files, ['warm_tint.onnx', files.get('decoder.onnx')!]] as const);
    const manifest = manifestOf(files);
    const listed = { ...manifest.files, 'warm_tint.onnx': manifest.files['decoder.onnx'] };
    graph.set('pack.json', jsonFile({ ...manifest, files: listed }));
    expect((await checkPack(memoryFolder('graph', graph), sha256)).join()).toContain(
      'warm_tint.onnx is not the graph',
    );
    await expect((await dropped(graph)).read('warm_tint.onnx')).rejects.toThrow('is not the graph');
  });
});

describe('a pack of before the network was there', () => {
  it('is opened all the same, and one with a network of later without it', async () => {
    table.tint = TINT;
    const files = await exported();
    delete table.tint;
    expect((await dropped(files)).manifest.name).toBe('Random');
  });
});
