import { crc32 } from 'node:zlib';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { bytes, Reader, string, table, to, uint, vector, writeFlatbuffer } from './flatbuffer.ts';
import { modelMetadata, withNormalization } from './metadata.ts';
import { storedZip } from './zip.ts';

const WEIGHTS = Uint8Array.from({ length: 40 }, (_, i) => i * 5);

/** The skeleton of a TFLite file: one subgraph with two outputs, an empty buffer and one with weights. */
function smallModel(): Uint8Array {
  const outputs = bytes(new Uint8Array(2));
  const subgraph = table(undefined, undefined, to(outputs));
  return writeFlatbuffer(
    table(
      uint(3),
      to(vector()),
      to(vector(subgraph)),
      to(string('a model')),
      to(vector(table(), table(to(bytes(WEIGHTS))))),
    ),
    'TFL3',
  );
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing');
  return value;
}

describe('flatbuffers', () => {
  it('reads back what it wrote', () => {
    const reader = new Reader(writeFlatbuffer(table(uint(7), undefined, to(string('grüße'))), 'TEST'));
    expect(reader.identifier).toBe('TEST');
    expect(reader.uint32(present(reader.field(reader.root, 0)))).toBe(7);
    expect(reader.field(reader.root, 1)).toBeUndefined();
    expect(reader.string(present(reader.child(reader.root, 2)))).toBe('grüße');
    expect(reader.field(reader.root, 3)).toBeUndefined();
  });

  it('aligns data to 16 bytes', () => {
    const reader = new Reader(writeFlatbuffer(table(to(string('x')), to(bytes(WEIGHTS))), 'TEST'));
    expect((present(reader.child(reader.root, 1)) + 4) % 16).toBe(0);
  });
});

describe('grafted metadata', () => {
  const model = smallModel();
  const grafted = withNormalization(model, { mean: 127.5, std: 64 });
  const reader = new Reader(grafted);

  it('keeps the old file behind the new root, at a multiple of 64', () => {
    const tail = grafted.length - model.length;
    expect(tail % 64).toBe(0);
    expect(grafted.subarray(tail)).toEqual(model);
  });

  it('keeps what the old root said', () => {
    expect(reader.identifier).toBe('TFL3');
    expect(reader.uint32(present(reader.field(reader.root, 0)))).toBe(3);
    expect(reader.string(present(reader.child(reader.root, 3)))).toBe('a model');
    const buffers = reader.items(present(reader.child(reader.root, 4)));
    expect(buffers).toHaveLength(3);
    expect(reader.bytes(present(reader.child(present(buffers[1]), 0)))).toEqual(WEIGHTS);
  });

  it('names the buffer that says how to normalise', () => {
    const [entry] = reader.items(present(reader.child(reader.root, 6)));
    expect(reader.string(present(reader.child(present(entry), 0)))).toBe('TFLITE_METADATA');
    const index = reader.uint32(present(reader.field(present(entry), 1)));
    const buffer = present(reader.items(present(reader.child(reader.root, 4)))[index]);
    expect(reader.bytes(present(reader.child(buffer, 0)))).toEqual(
      modelMetadata({ mean: 127.5, std: 64 }, 2),
    );
  });

  it('says mean, deviation and the number of outputs', () => {
    const metadata = new Reader(modelMetadata({ mean: 127.5, std: 64 }, 5));
    expect(metadata.identifier).toBe('M001');
    const subgraph = present(metadata.items(present(metadata.child(metadata.root, 3)))[0]);
    const input = present(metadata.items(present(metadata.child(subgraph, 2)))[0]);
    expect(metadata.items(present(metadata.child(subgraph, 3)))).toHaveLength(5);
    const unit = present(metadata.items(present(metadata.child(input, 4)))[0]);
    expect(metadata.uint8(present(metadata.field(unit, 0)))).toBe(1);
    const options = present(metadata.child(unit, 1));
    expect(metadata.floats(present(metadata.child(options, 0)))).toEqual([127.5, 127.5, 127.5]);
    expect(metadata.floats(present(metadata.child(options, 1)))).toEqual([64, 64, 64]);
  });

  it('refuses another kind of file', () => {
    expect(() => withNormalization(new Uint8Array(64), { mean: 0, std: 1 })).toThrow('Not a TFLite file');
  });
});

describe('stored zip', () => {
  const entries = [
    { name: 'a.tflite', content: Uint8Array.from([1, 2, 3]) },
    { name: 'longer-name.tflite', content: WEIGHTS },
  ];
  const zip = storedZip(entries, 64);

  it('is read by another implementation', () => {
    const read = unzipSync(zip);
    for (const { name, content } of entries) expect(read[name]).toEqual(content);
    expect(new DataView(zip.buffer).getUint32(14, true)).toBe(crc32(Uint8Array.from([1, 2, 3])));
  });

  it('starts every entry at a multiple of the alignment', () => {
    expect(zip.subarray(64, 67)).toEqual(entries[0]?.content);
    expect(zip.subarray(128, 128 + WEIGHTS.length)).toEqual(WEIGHTS);
  });

  it('is the same bytes every time', () => {
    expect(storedZip(entries, 64)).toEqual(zip);
  });
});
