import { beforeAll, describe, expect, it } from 'vitest';
import { diskFolder } from '../../cli/node-files.ts';
import { exportToMemory, type Files, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { checkpoint, unetConfig } from '../../tools/random-checkpoint.ts';
import { jsonFile, sha256 } from '../../tools/random-weights.ts';
import { decodeModel, encodeModel, type Graph } from '../onnx/model.ts';
import { checkPack } from './check.ts';
import type { PackManifest } from './manifest.ts';

let sound: Files;
let manifest: PackManifest;

beforeAll(async () => {
  sound = await exportToMemory(diskFolder('fixtures/diffusers-unet'), 'f16');
  manifest = manifestOf(sound);
});

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

  it('with weights in 8 bits that its pack.json does not state names them', async () => {
    const int8 = await exportToMemory(memoryFolder('random', checkpoint(unetConfig(WIDE))), 'int8');
    const { weights: _, ...stated } = manifestOf(int8);
    expect(await checkOf(int8)).toEqual([]);
    const faults = await checkOf(new Map([...int8, ['pack.json', jsonFile(stated)]]));
    expect(faults.join()).toContain('mid_block.resnets.0.conv1.weight is I8');
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
    expect(faults.join()).toContain("not those of its U-Net's config");
  });
});

describe('a graph', () => {
  const path = 'unet/01.onnx';

  it.each<[string, (graph: Graph) => Partial<Graph>]>([
    ['which nothing makes before it', ({ nodes }) => ({ nodes: nodes.slice(1) })],
    [
      'nothing makes its output',
      ({ outputs }) => ({ outputs: [...outputs, { ...outputs[0]!, name: 'new' }] }),
    ],
    [
      'which no segment before it makes',
      ({ inputs }) => ({ inputs: [...inputs, { ...inputs[0]!, name: 'new' }] }),
    ],
    [
      'and it is made as',
      ({ inputs }) => ({ inputs: inputs.map((input) => ({ ...input, shape: ['batch'] })) }),
    ],
    [
      'unet/01.safetensors lacks new',
      ({ initializers: [first, ...rest] }) => ({ initializers: [{ ...first!, name: 'new' }, ...rest] }),
    ],
    ['which unet/01.onnx does not use', ({ initializers }) => ({ initializers: initializers.slice(1) })],
    [
      'and it lies at',
      ({ initializers: [first, ...rest] }) => ({
        initializers: [{ ...first!, data: { location: '01.safetensors', offset: 0, length: 2 } }, ...rest],
      }),
    ],
  ])('whose fault is: %s', async (words, change) => {
    const faults = await checkOf(regraphed(path, change));
    expect(faults.join('\n')).toContain(words);
  });

  it('that is none is named', async () => {
    const faults = await checkOf(replaced(path, Uint8Array.of(1, 2, 3)));
    expect(faults.join('\n')).toContain('unet/01.onnx cannot be read as an ONNX graph');
  });
});
