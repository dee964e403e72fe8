import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { widenBrains, widenHalves } from '../../onnx/float.ts';
import type { ByteSource } from '../../onnx/safetensors.ts';
import { TorchFileError, UnsafePickleError } from '../errors.ts';
import { openTorchFile } from './torch-file.ts';

/** Written by PyTorch: `python3 tools/torch-fixtures.py`. */
const FIXTURES = 'fixtures/torch';
const truth = JSON.parse(readFileSync(`${FIXTURES}/truth.json`, 'utf8'));

function fixture(name: string): ByteSource & { readonly reads: [number, number][] } {
  const bytes = new Uint8Array(readFileSync(`${FIXTURES}/${name}`));
  const reads: [number, number][] = [];
  return {
    size: bytes.length,
    reads,
    async read(offset, length) {
      reads.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
  };
}

function numbers(bytes: Uint8Array<ArrayBuffer>, dtype: string): number[] {
  const { buffer } = bytes;
  switch (dtype) {
    case 'F16':
      return [...widenHalves(new Uint16Array(buffer))];
    case 'BF16':
      return [...widenBrains(new Uint16Array(buffer))];
    case 'F64':
      return [...new Float64Array(buffer)];
    case 'I64':
      return Array.from(new BigInt64Array(buffer), Number);
    default:
      return [...new Float32Array(buffer)];
  }
}

const DTYPES: Record<string, string> = {
  half: 'F16',
  half_transposed: 'F16',
  brain: 'BF16',
  double: 'F64',
  counter: 'I64',
  '1.num_batches_tracked': 'I64',
  'layers.1.num_batches_tracked': 'I64',
};

describe('a PyTorch file', () => {
  it.each([
    ['kinds.pth', 'kinds'],
    ['protocol-4.pth', 'kinds'],
    ['training.ckpt', 'training'],
    // From before PyTorch 1.6.
    ['legacy.pth', 'training'],
    ['legacy-kinds.pth', 'kinds'],
    ['scripted.pt', 'scripted'],
  ])('gives what PyTorch put in: %s', async (name, key) => {
    const file = await openTorchFile(fixture(name), name);
    const expected = truth[key] as Record<string, { shape: number[]; values: number[] }>;
    expect(new Set(file.tensors.keys())).toEqual(new Set(Object.keys(expected)));
    for (const [tensor, { shape, values }] of Object.entries(expected)) {
      const dtype = DTYPES[tensor] ?? 'F32';
      expect(file.tensors.get(tensor), tensor).toEqual({ shape, dtype });
      expect(numbers(await file.read(tensor), dtype), tensor).toEqual(values);
    }
  });

  it('is read by range: no more than one tensor at a time', async () => {
    const source = fixture('kinds.pth');
    const file = await openTorchFile(source, 'kinds.pth');
    source.reads.length = 0;
    await file.read('half');
    expect(source.reads.map(([, length]) => length)).toEqual([30, 48]);
  });

  it('from before PyTorch 1.6 that is cut short is refused, wherever it ends', async () => {
    const whole = new Uint8Array(readFileSync(`${FIXTURES}/legacy.pth`));
    for (let size = 4; size < whole.length; size += 7) {
      const bytes = whole.slice(0, size);
      const source = { size, read: async (from: number, length: number) => bytes.slice(from, from + length) };
      await expect(openTorchFile(source, 'legacy.pth'), `${size}`).rejects.toThrow(TorchFileError);
    }
  });

  it('that names a function or a class is refused, and nothing is run', async () => {
    for (const [name, found] of [
      ['runs-code.pth', 'posix.system'],
      ['whole-module.pt', 'torch.nn.modules.container.Sequential'],
    ] as const) {
      await expect(openTorchFile(fixture(name), name)).rejects.toThrow(
        expect.objectContaining({ constructor: UnsafePickleError, found }),
      );
    }
    expect(existsSync('pickle-was-run')).toBe(false);
  });
});
