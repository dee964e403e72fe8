import { beforeAll, describe, expect, it } from 'vitest';
import { diskFolder } from '../../cli/node-files.ts';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { checkpoint, unetConfig } from '../../tools/random-checkpoint.ts';
import { jsonFile, sha256 } from '../../tools/random-weights.ts';
import { decodeModel, type ExternalData, encodeModel, type Graph, isExternal } from '../onnx/model.ts';
import { checkPack } from './check.ts';
import type { PackManifest } from './manifest.ts';
import { verified } from './verify-part.ts';

let sound: Files;
let manifest: PackManifest;

beforeAll(async () => {
  sound = await exportToMemory(diskFolder('fixtures/diffusers-unet'), 'f16');
  manifest = manifestOf(sound);
});

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

/** With convolutions large enough for 8 bits. */
const WIDE = { block_out_channels: [8, 64] };

const checkOf = (files: Files) => checkPack(memoryFolder('memory', files), sha256);

/** A pack with one file put in another's place, listed in pack.json as it now is. */
function replaced(path: string, bytes: Uint8Array<ArrayBuffer>): Files {
  const files = { ...manifest.files, [path]: { bytes: bytes.length, sha256: sha256(bytes) } };
  return new Map([...sound, [path, bytes], ['pack.json', jsonFile({ ...manifest, files })]]);
}

const regraphed = (path: string, change: (graph: Graph) => Partial<Graph>): Files => {
  const graph = decodeModel(sound.get(path)!);
  return replaced(path, encodeModel({ ...graph, ...change(graph) }));
};

describe('a pack', () => {
  it('that is sound has no faults', async () => expect(await checkOf(sound)).toEqual([]));

  it('that ships is sound', async () =>
    expect(await checkPack(diskFolder('public/packs/default'), sha256)).toEqual([]));

  it('that is no pack says so', async () => {
    expect(await checkOf(new Map())).toEqual(['memory has no pack.json.']);
    expect(await checkOf(new Map([['pack.json', jsonFile({ format: 'other' })]]))).not.toEqual([]);
    expect((await checkOf(new Map([['pack.json', jsonFile([])]]))).join()).toContain('pirouette-pack');
  });

  it('of a newer format says so', async () => {
    const newer = new Map([...sound, ['pack.json', jsonFile({ ...manifest, version: 2 })]] as const);
    expect((await checkOf(newer)).join()).toContain('of format 2');
  });

  it('names every fault of pack.json at once', async () => {
    const { licence: _, ...rest } = manifest;
    const bad = {
      ...rest,
      precision: 'f8',
      defaults: { ...manifest.defaults, width: 100 },
      files: { '../x': {} },
    };
    const faults = await checkOf(new Map([['pack.json', jsonFile(bad)]]));
    for (const word of [
      'licence',
      'f8',
      'multiple of 64',
      'leads out',
      'no SHA-256',
      'does not list unet/00.onnx',
    ]) {
      expect(faults.join('\n')).toContain(word);
    }
  });

  it('whose schedule cannot be followed says so', async () => {
    const scheduler = { ...manifest.configs.scheduler, prediction_type: 'flow' };
    const configs = { ...manifest.configs, scheduler };
    const faults = await checkOf(new Map([...sound, ['pack.json', jsonFile({ ...manifest, configs })]]));
    expect(faults).toEqual([expect.stringContaining('prediction_type is "flow"')]);
  });

  it('with weights in 8 bits that its pack.json does not state says so', async () => {
    const int8 = await exportToMemory(memoryFolder('random', checkpoint(unetConfig(WIDE))), 'int8');
    const { weights: _, ...stated } = manifestOf(int8);
    expect(await checkOf(int8)).toEqual([]);
    const faults = await checkOf(new Map([...int8, ['pack.json', jsonFile(stated)]]));
    expect(faults.join()).toMatch(/states \d+ bytes for unet\/\d+.safetensors, and its config comes to/);
  });

  it('with missing, short and altered files names each', async () => {
    const files = new Map(sound);
    files.delete('pose_encoder.onnx');
    files.set('unet/00.safetensors', sound.get('unet/00.safetensors')!.slice(0, -1));
    files.set('unet/02.safetensors', sound.get('unet/02.safetensors')!.with(5000, 1));
    const faults = (await checkOf(files)).join('\n');
    expect(faults).toContain('pose_encoder.onnx is missing');
    expect(faults).toContain('unet/00.safetensors has 100407 bytes where pack.json states 100408');
    expect(faults).toContain('unet/02.safetensors is altered');
  });

  it('with a segment of another U-Net names it', async () => {
    const unet = manifest.unet.map((segment, i) =>
      i === 1 ? { ...segment, attention: { heads: 4, headSize: 16 } } : segment,
    );
    const faults = await checkOf(new Map([...sound, ['pack.json', jsonFile({ ...manifest, unet })]]));
    expect(faults.join()).toContain("not those of the U-Net's config");
  });
});

describe('a graph', () => {
  const path = 'unet/01.onnx';

  it.each<[string, (graph: Graph) => Partial<Graph>]>([
    ['node 0 is ', ({ nodes }) => ({ nodes: nodes.slice(1) })],
    ['in place of none', ({ nodes }) => ({ nodes: [...nodes, nodes[0]!] })],
    [
      'is a Mul in place of a Add',
      ({ nodes }) => ({ nodes: nodes.map((node) => (node.op === 'Add' ? { ...node, op: 'Mul' } : node)) }),
    ],
    [
      'takes 1, 2 in place of',
      ({ nodes }) => ({
        nodes: nodes.map((node) => (node.op === 'Add' ? { ...node, inputs: ['1', '2'] } : node)),
      }),
    ],
    [
      'makes other in place of',
      ({ nodes: [first, ...rest] }) => ({ nodes: [{ ...first!, outputs: ['other'] }, ...rest] }),
    ],
    [
      'as kernel_shape in place of [3,3]',
      ({ nodes }) => ({
        nodes: nodes.map((node) =>
          node.op === 'Conv' ? { ...node, attributes: { ...node.attributes, kernel_shape: [5, 5] } } : node,
        ),
      }),
    ],
    [
      'has 1 as keepdims in place of nothing',
      ({ nodes: [first, ...rest] }) => ({
        nodes: [{ ...first!, attributes: { ...first!.attributes, keepdims: 1 } }, ...rest],
      }),
    ],
    [
      'as epsilon in place of 0.000009999999747378752f',
      ({ nodes }) => ({
        nodes: nodes.map((node) =>
          'epsilon' in node.attributes
            ? { ...node, attributes: { ...node.attributes, epsilon: { float: 1e-4 } } }
            : node,
        ),
      }),
    ],
    [
      'it has the output zz too much',
      ({ outputs }) => ({ outputs: [...outputs, { ...outputs[0]!, name: 'zz' }] }),
    ],
    [
      'it has the input zz too much',
      ({ inputs }) => ({ inputs: [...inputs, { ...inputs[0]!, name: 'zz' }] }),
    ],
    [
      'has the shape [batch] in place of [batch,',
      ({ inputs }) => ({ inputs: inputs.map((input) => ({ ...input, shape: ['batch'] })) }),
    ],
    [
      'is of type 1 in place of 10',
      ({ outputs }) => ({ outputs: outputs.map((output) => ({ ...output, type: 1 })) }),
    ],
    [
      'it lacks the initializer',
      ({ initializers }) => ({ initializers: initializers.toSorted(byName).slice(0, -1) }),
    ],
    [
      'does not lie at bytes',
      ({ initializers: [first, ...rest] }) => ({
        initializers: [{ ...first!, data: { location: '01.safetensors', offset: 0, length: 2 } }, ...rest],
      }),
    ],
    [
      'does not lie at bytes',
      ({ initializers: [first, ...rest] }) => ({
        initializers: [
          { ...first!, data: { ...(first!.data as object), location: '/etc/passwd' } as ExternalData },
          ...rest,
        ],
      }),
    ],
    [
      'has other values',
      ({ initializers }) => ({
        initializers: initializers.map((each) =>
          isExternal(each.data) ? each : { ...each, data: each.data.map((byte) => byte ^ 1) },
        ),
      }),
    ],
  ])('whose fault is: %s', async (words, change) => {
    const faults = await checkOf(regraphed(path, change));
    expect(faults.join('\n')).toContain(words);
  });

  it('written by another tool, in another order, is as good, and comes as it is written here', async () => {
    const files = regraphed(path, ({ inputs, initializers }) => ({
      name: 'other',
      inputs: inputs.toReversed(),
      initializers: initializers.toReversed(),
    }));
    expect(await checkOf(files)).toEqual([]);
    const written = verified(path, files.get(path)!, manifestOf(files));
    expect(Buffer.compare(written, sound.get(path)!)).toBe(0);
    expect(Buffer.compare(files.get(path)!, sound.get(path)!)).not.toBe(0);
  });

  it('finds its weights where it looks for them, or they are named', async () => {
    const weights = 'unet/01.safetensors';
    const bytes = sound.get(weights)!;
    const swapped = Buffer.from(bytes).toString('latin1').replace('.norm2.weight', '.norm9.weight');
    const faults = await checkOf(replaced(weights, new Uint8Array(Buffer.from(swapped, 'latin1'))));
    expect(faults.join()).toMatch(/unet\/01.safetensors is damaged: it lacks .*norm2.weight/);
  });

  it('that is none is named', async () => {
    const faults = await checkOf(replaced(path, Uint8Array.of(1, 2, 3)));
    expect(faults.join('\n')).toContain('unet/01.onnx cannot be read as an ONNX graph');
  });
});
