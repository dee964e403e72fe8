import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, unetTensors } from '../../tools/diffusers-tensors.ts';
import { SCHEDULER, stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { exportToMemory } from '../../tools/memory-pack.ts';
import { jsonFile, safetensorsFile } from '../../tools/random-weights.ts';
import { dictPickle, op, type TensorPickle, tensorPickle, torchFile } from '../../tools/torch-files.ts';
import { PirouetteError } from '../errors.ts';
import { concat } from '../onnx/proto.ts';
import { encodeText } from '../onnx/text.ts';
import type { Folder } from './folder.ts';

/**
 * Checkpoints that are damaged or mean harm, through the whole exporter: each is an error with a name, nothing is
 * run, and nothing large is read or made.
 */
type Bytes = Uint8Array<ArrayBuffer>;

const UNET = stableDiffusionUNet([32, 32]);
const POSE = { conditioning_embedding_channels: 32, conditioning_channels: 3, block_out_channels: [4, 8] };
const SOUND = new Map<string, Bytes>([
  ['unet/config.json', jsonFile(UNET)],
  ['scheduler/scheduler_config.json', jsonFile(SCHEDULER)],
  ['unet/diffusion_pytorch_model.safetensors', safetensorsFile(unetTensors(UNET))],
  ['pose_encoder/config.json', jsonFile(POSE)],
  ['pose_encoder/diffusion_pytorch_model.safetensors', safetensorsFile(poseEncoderTensors(POSE))],
]);
const STEM = 'unet/diffusion_pytorch_model';

/** Any read beyond a file's end, or of more than a megabyte, is a failure of its own and no named error. */
function watched(files: ReadonlyMap<string, Bytes>, claimedSize?: number): Folder {
  return {
    name: 'weights',
    async open(path) {
      const bytes = files.get(path);
      if (bytes === undefined) return undefined;
      const size = path.startsWith(STEM) ? (claimedSize ?? bytes.length) : bytes.length;
      return {
        size,
        async read(offset, length) {
          if (length > 2 ** 20 || offset < 0 || offset + length > bytes.length) {
            throw new Error(`read ${length} bytes at ${offset} of ${path}`);
          }
          return bytes.slice(offset, offset + length);
        },
      };
    },
  };
}

async function faultOf(files: readonly (readonly [string, Bytes])[]): Promise<Error> {
  const all = new Map(SOUND);
  all.delete(`${STEM}.safetensors`);
  for (const [path, bytes] of files) all.set(path, bytes);
  return exportToMemory(watched(all), 'f16').then(
    () => new Error('it was exported'),
    (error: Error) => error,
  );
}

const conv: TensorPickle = { elements: 8, shape: [2, 4], strides: [4, 1] };
const VALUES = { '0': new Uint8Array(32) };
const oneTensor = (changes: Partial<TensorPickle>, storages: Record<string, Bytes> = VALUES) =>
  torchFile(dictPickle({ 'conv_in.weight': tensorPickle({ ...conv, ...changes }) }), storages);
const program = (...instructions: Bytes[]) => torchFile(concat([op.start, ...instructions, op.stop]));
const calls = (module: string, name: string, ...args: Bytes[]) =>
  program(op.global(module, name), op.mark, ...args, op.tuple, op.reduce);
const sound = oneTensor({});
const patched = (offset: number, byte: number, file = sound) => {
  const bytes = file.slice();
  bytes[offset < 0 ? bytes.length + offset : offset] = byte;
  return bytes;
};

const header = (json: string, data = 0, claimed?: bigint): Bytes => {
  const text = encodeText(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  return concat([length, text, new Uint8Array(data)]);
};
const entry = (name: string, start: number, end: number, dtype = 'F32') =>
  `"${name}":{"dtype":"${dtype}","shape":[${(end - start) / 4}],"data_offsets":[${start},${end}]}`;

describe('a malformed checkpoint', () => {
  it.each<[string, string, Bytes]>([
    ['TorchFileError', 'does not begin', new Uint8Array(0)],
    ['TorchFileError', 'does not begin', encodeText('<!doctype html><title>404</title>')],
    ['TorchFileError', 'does not begin', encodeText('version https://git-lfs.github.com/spec/v1\n')],
    // From before PyTorch 1.6: five pickles in a row.
    ['TorchFileError', 'cut short', concat([op.start, op.dict, op.stop])],
    [
      'TorchFileError',
      'does not begin as such a file does',
      concat(Array.from({ length: 5 }, () => concat([op.start, op.dict, op.stop]))),
    ],
    ['TorchFileError', 'cut short', sound.slice(0, 200)],
    ['TorchFileError', 'zip is damaged', patched(-6, 0xff)],
    ['TorchFileError', 'without data.pkl', torchFileNamed('other.pkl')],
    ['TorchFileError', 'is compressed', torchFile(dictPickle({ a: tensorPickle(conv) }), VALUES, 9)],
    ['TorchFileError', 'is compressed', bomb()],
    ['TorchFileError', 'overlaps', overlapping()],
    ['TorchFileError', 'big-endian', torchFile(dictPickle({}), {}, 0, { byteorder: encodeText('big') })],
    ['TorchFileError', 'values of conv_in.weight are not there', oneTensor({ key: '7' })],
    ['TorchFileError', 'values of conv_in.weight are not there', oneTensor({ key: '../data.pkl' })],
    ['TorchFileError', '32 bytes for 9 values', oneTensor({ elements: 9 })],
    ['TorchFileError', '32 bytes for 8 values', oneTensor({ type: 'HalfStorage' })],
    ['TorchFileError', 'runs past the end of its storage', oneTensor({ offset: 1 })],
    ['TorchFileError', 'runs past the end of its storage', oneTensor({ shape: [3, 4] })],
    ['TorchFileError', 'runs past the end of its storage', oneTensor({ strides: [1 << 20, 1 << 20] })],
    ['TorchFileError', 'runs past the end of its storage', oneTensor({ shape: [2n ** 50n, 2n ** 50n] })],
    ['TorchFileError', 'impossible', oneTensor({ shape: [-2, -4] })],
    ['TorchFileError', 'impossible', oneTensor({ strides: [-4, -1] })],
    ['TorchFileError', 'impossible', oneTensor({ shape: [8] })],
    ['TorchFileError', 'impossible', oneTensor({ offset: -1 })],
    [
      'TorchFileError',
      'repeats its values without need',
      oneTensor({ shape: [2 ** 30, 2 ** 30], strides: [0, 0] }),
    ],
    ['TensorMissingError', 'lacks', oneTensor({})],
    ['UnsafePickleError', 'os.system', calls('os', 'system', op.text('touch pickle-was-run'))],
    ['UnsafePickleError', 'builtins.eval', calls('builtins', 'eval', op.text('1'))],
    ['UnsafePickleError', 'torch.hub.load', calls('torch.hub', 'load', op.text('a/b'))],
    ['UnsafePickleError', 'constructor.constructor', calls('constructor', 'constructor', op.text('alert()'))],
    ['UnsafePickleError', 'numpy.core.multiarray.scalar', calls('numpy.core.multiarray', 'scalar')],
    ['UnsafePickleError', 'torch.ComplexFloatStorage', oneTensor({ type: 'ComplexFloatStorage' })],
    ['TorchFileError', 'instruction 0x69', program(op.mark, op.raw(0x69))],
    [
      'TorchFileError',
      'object of no known kind',
      program(op.global('collections', 'OrderedDict'), op.raw(0x29, 0x81)),
    ],
    // A module of TorchScript that holds itself.
    [
      'TorchFileError',
      'modules within modules without end',
      program(
        op.global('__torch__', 'Net'),
        op.raw(0x29, 0x81, 0x71, 0),
        op.dict,
        op.text('inner'),
        op.raw(0x68, 0),
        op.setItem,
        op.build,
      ),
    ],
    ['TorchFileError', 'no dict', program(op.raw(0x5d), op.dict, op.build)],
    ['TorchFileError', 'impossible', calls('torch._utils', '_rebuild_tensor_v2', op.text('a'))],
    ['TorchFileError', 'impossible', calls('torch', 'FloatStorage')],
    ['TorchFileError', 'impossible', program(op.text('../../etc/passwd'), op.persistent)],
    ['TorchFileError', 'pickle is damaged', program(op.tuple)],
    ['TorchFileError', 'pickle is damaged', program(op.raw(0x68, 9))],
    ['TorchFileError', 'cut short', torchFile(concat([op.start, op.raw(0x58, 0xff, 0xff, 0xff, 0xff)]))],
    ['TorchFileError', 'cut short', torchFile(op.start)],
    ['TorchFileError', 'not UTF-8', program(op.raw(0x58, 1, 0, 0, 0, 0xff))],
    ['TorchFileError', 'newer protocol', torchFile(op.raw(0x80, 9, 0x2e))],
    ['TorchFileError', 'no tensors by name, but epoch', torchFile(dictPickle({ epoch: op.number(3) }))],
    ['TorchFileError', 'no tensors by name', program(op.number(1))],
    // A list that holds itself, under the keys that are looked into.
    [
      'TorchFileError',
      'no tensors by name',
      program(op.dict, op.raw(0x71, 0), op.text('state_dict'), op.raw(0x68, 0), op.setItem),
    ],
  ])('in a .pth is a %s: %s', async (name, words, bytes) => {
    const fault = await faultOf([[`${STEM}.pth`, bytes]]);
    expect(fault).toBeInstanceOf(PirouetteError);
    expect(fault.message).toContain(words);
    expect(fault.name).toBe(name);
  });

  it.each<[string, string, Bytes]>([
    ['TensorFileError', 'header claims 4294967296', header('{}', 0, 2n ** 32n)],
    ['TensorFileError', 'runs past the end', header(`{${entry('conv_in.weight', 0, 4096)}}`, 16)],
    ['TensorFileError', 'overlaps', header(`{${entry('a', 0, 8)},${entry('b', 4, 12)}}`, 12)],
    ['TensorFileError', 'unknown type', header(`{${entry('a', 0, 8, 'F12')}}`, 8)],
    ['TensorFileError', 'header claims', sound],
    ['TensorMissingError', 'lacks', header('{}')],
  ])('in a .safetensors is a %s: %s', async (name, words, bytes) => {
    const fault = await faultOf([[`${STEM}.safetensors`, bytes]]);
    expect(fault.name).toBe(name);
    expect(fault.message).toContain(words);
  });

  const shardIndex = (map: unknown) => [`${STEM}.bin.index.json`, jsonFile({ weight_map: map })] as const;
  it.each<[string, string, (readonly [string, Bytes])[]]>([
    ['ConfigFileError', 'no weight_map', [[`${STEM}.bin.index.json`, jsonFile({})]]],
    ['ConfigFileError', 'not JSON', [[`${STEM}.bin.index.json`, encodeText('{')]]],
    ['ConfigFileError', 'weight_map is damaged', [shardIndex({ a: '../../secret.bin' })]],
    ['ConfigFileError', 'weight_map is damaged', [shardIndex({ a: 7 })]],
    ['WeightsNotFoundError', 'unet/1.bin', [shardIndex({ a: '1.bin' })]],
    ['TorchFileError', 'cut short', [shardIndex({ a: '1.bin' }), ['unet/1.bin', sound.slice(0, 99)]]],
    [
      'TensorFileError',
      'there twice',
      [shardIndex({ a: '1.bin', b: '2.bin' }), ['unet/1.bin', sound], ['unet/2.bin', sound]],
    ],
  ])('in shards is a %s: %s', async (name, words, files) => {
    const fault = await faultOf(files);
    expect(fault.name).toBe(name);
    expect(fault.message).toContain(words);
  });

  it('would have been exported if it were sound', async () => {
    await expect(exportToMemory(watched(SOUND), 'f16')).resolves.toBeDefined();
  });
});

function torchFileNamed(name: string): Bytes {
  return torchFile(op.stop, {}, 0, { [name]: op.stop }).map((byte, i, all) =>
    // "data.pkl" everywhere becomes "dato.pkl".
    byte === 0x61 && all[i - 1] === 0x74 && all[i + 1] === 0x2e ? 0x6f : byte,
  );
}

/** An entry of 40 KB that says it inflates to 40 MB. */
function bomb(): Bytes {
  return torchFile(
    dictPickle({ 'conv_in.weight': tensorPickle({ ...conv, elements: 10_000_000 }) }),
    { '0': new Uint8Array(40_000_000) },
    9,
  );
}

/** The second storage's entry in the directory points at the first's. */
function overlapping(): Bytes {
  const file = torchFile(dictPickle({ a: tensorPickle(conv) }), {
    '0': new Uint8Array(32),
    '1': new Uint8Array(32),
  });
  const view = new DataView(file.buffer);
  const directory = view.getUint32(file.length - 6, true);
  const places: number[] = [];
  for (let at = directory; view.getUint32(at, true) === 0x02014b50; ) {
    places.push(at + 42);
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  const [first, second] = places.slice(-2) as [number, number];
  view.setUint32(second, view.getUint32(first, true), true);
  return file;
}
