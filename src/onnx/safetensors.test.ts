import { describe, expect, it } from 'vitest';
import { TensorFileError } from './errors.ts';
import { concat } from './proto.ts';
import { type ByteSource, readTensorIndex, safetensorsHeader, tensorIndexOf } from './safetensors.ts';
import { encodeText } from './text.ts';

function fileOf(header: unknown, dataBytes: number, claimed?: bigint): Uint8Array<ArrayBuffer> {
  const json = encodeText(typeof header === 'string' ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  return concat([length, json, new Uint8Array(dataBytes)]);
}

const f32 = (start: number, end: number, shape = [(end - start) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [start, end],
});

function sourceOf(bytes: Uint8Array<ArrayBuffer>, largest = Number.POSITIVE_INFINITY): ByteSource {
  return {
    size: bytes.length,
    async read(offset, length) {
      if (length > largest) throw new Error(`read ${length} bytes`);
      return bytes.slice(offset, offset + length);
    },
  };
}

describe('safetensors', () => {
  it('come back as they were written', () => {
    const specs = [
      { name: 'a.weight', dtype: 'F16' as const, shape: [3, 5] },
      { name: 'ü', dtype: 'F32' as const, shape: [] },
      { name: 'empty', dtype: 'BF16' as const, shape: [0, 4] },
    ];
    const header = safetensorsHeader(specs);
    const index = tensorIndexOf(concat([header, new Uint8Array(34)]), 'file');
    expect(header.length % 8).toBe(0);
    expect([...index]).toEqual([
      ['a.weight', { dtype: 'F16', shape: [3, 5], offset: header.length, bytes: 30 }],
      ['ü', { dtype: 'F32', shape: [], offset: header.length + 30, bytes: 4 }],
      ['empty', { dtype: 'BF16', shape: [0, 4], offset: header.length + 34, bytes: 0 }],
    ]);
  });

  it('may carry metadata and types that are no weights', () => {
    const file = fileOf(
      { __metadata__: { format: 'pt' }, ids: { dtype: 'I64', shape: [2], data_offsets: [0, 16] } },
      16,
    );
    expect([...tensorIndexOf(file, 'file').keys()]).toEqual(['ids']);
  });

  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ['shorter than a header', new Uint8Array(5)],
    ['header claims', fileOf({}, 0, 4n * 1024n ** 3n)],
    ['header claims', fileOf({}, 0, 2n ** 64n - 1n)],
    ['runs past the end', fileOf({}, 0, 1000n)],
    ['not JSON', fileOf('{"a":', 0)],
    ['not JSON', concat([fileOf('', 0, 2n), Uint8Array.of(0xff, 0xfe)])],
    ['not a JSON object', fileOf([1, 2], 0)],
    ['not a JSON object', fileOf('null', 0)],
    ['entry for a is incomplete', fileOf({ a: null }, 0)],
    ['entry for a is incomplete', fileOf({ a: { dtype: 'F32', shape: [1] } }, 4)],
    ['entry for a is incomplete', fileOf({ a: { shape: [1], data_offsets: [0, 4] } }, 4)],
    ['impossible', fileOf({ a: f32(0, 4, [-1]) }, 4)],
    ['impossible', fileOf({ a: f32(0, 4, [0.5]) }, 4)],
    ['impossible', fileOf({ a: f32(-4, 0) }, 4)],
    ['impossible', fileOf({ a: { ...f32(0, 4), data_offsets: [0, 4, 8] } }, 8)],
    ['impossible', fileOf({ a: { ...f32(0, 4), data_offsets: ['0', '4'] } }, 8)],
    ['unknown type F13', fileOf({ a: { ...f32(0, 4), dtype: 'F13' } }, 4)],
    ['runs past the end', fileOf({ a: f32(0, 4096) }, 100)],
    ['runs past the end', fileOf({ a: f32(4, 0, [1]) }, 4)],
    ['takes 8 bytes where its shape asks for 4', fileOf({ a: f32(0, 8, [1]) }, 8)],
    ['takes 4 bytes', fileOf({ a: f32(0, 4, [2 ** 40, 2 ** 40]) }, 4)],
    ['b overlaps a', fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12)],
    ['b overlaps a', fileOf({ a: f32(0, 8), b: f32(0, 8) }, 8)],
    ['gap between a and b', fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12)],
    ['goes on after', fileOf({ a: f32(0, 4) }, 20)],
    ['goes on after', fileOf({}, 20)],
    // A pickle, as PyTorch writes it inside a zip, and as itself.
    ['header claims', concat([encodeText('PK\x03\x04\x00\x00\x08\x08\x00\x00archive/data.pkl')])],
    ['header claims', concat([encodeText('\x02}q\x00(cos\nsystem\nX\x04\x00\x00\x00echo')])],
  ])('are refused: %s', async (words, file) => {
    expect(() => tensorIndexOf(file, 'x.safetensors')).toThrow(TensorFileError);
    expect(() => tensorIndexOf(file, 'x.safetensors')).toThrow(words);
    await expect(readTensorIndex(sourceOf(file, 64 * 1024), 'x.safetensors')).rejects.toThrow(words);
  });
});
