import { TensorFileError } from './errors.ts';
import { concat, view } from './proto.ts';
import { encodeText, parseBoundedJson } from './text.ts';

/** Bytes that can be read in part: a file on disk, a Blob, an entry of a zip. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

const FLOAT_BYTES = { F16: 2, BF16: 2, F32: 4 } as const;
export type FloatType = keyof typeof FLOAT_BYTES;

/** Types that the format knows and a checkpoint may carry along, but no network here computes with. */
const OTHER_BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where the values lie, from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

export type TensorIndex = ReadonlyMap<string, TensorEntry>;

/** The names and shapes alone of SD-1.5 take 80 KB; beyond this a header is damage or malice, not weights. */
const LARGEST_HEADER = 8 * 1024 * 1024;

/** Metadata and tensors, each with a shape and a place. SDXL's 2,500 tensors take 25,000 values. */
const DEEPEST = 4;
const MOST_VALUES = 400_000;

export const isFloat = (dtype: string): dtype is FloatType => dtype in FLOAT_BYTES;

export async function readTensorIndex(source: ByteSource, file: string): Promise<TensorIndex> {
  if (source.size < 8) throw new TensorFileError(file, 'it is shorter than a header');
  const length = headerLength(await source.read(0, 8), source.size, file);
  return parseHeader(await source.read(8, length), source.size, file);
}

/** The same for a file that is in memory already. */
export function tensorIndexOf(bytes: Uint8Array, file: string): TensorIndex {
  if (bytes.length < 8) throw new TensorFileError(file, 'it is shorter than a header');
  const length = headerLength(bytes, bytes.length, file);
  return parseHeader(bytes.subarray(8, 8 + length), bytes.length, file);
}

function headerLength(start: Uint8Array, fileSize: number, file: string): number {
  const length = view(start).getBigUint64(0, true);
  if (length > BigInt(LARGEST_HEADER)) throw new TensorFileError(file, `its header claims ${length} bytes`);
  if (Number(length) > fileSize - 8) {
    throw new TensorFileError(
      file,
      `its header of ${length} bytes runs past the end, so it is cut short or no safetensors file`,
    );
  }
  return Number(length);
}

function parseHeader(header: Uint8Array, fileSize: number, file: string): TensorIndex {
  let json: unknown;
  try {
    json = parseBoundedJson(header, DEEPEST, MOST_VALUES);
  } catch (error) {
    throw new TensorFileError(
      file,
      error instanceof RangeError ? 'its header has too much in it' : 'its header is not JSON',
    );
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TensorFileError(file, 'its header is not a JSON object');
  }
  const dataStart = 8 + header.length;
  const index = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(json)) {
    if (name !== '__metadata__') index.set(name, parseEntry(name, entry, dataStart, fileSize, file));
  }
  expectNoOverlap(index, dataStart, fileSize, file);
  return index;
}

function parseEntry(
  name: string,
  entry: unknown,
  dataStart: number,
  fileSize: number,
  file: string,
): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !Array.isArray(offsets)) {
    throw new TensorFileError(file, `its entry for ${name} is incomplete`);
  }
  if (!shape.every(isCount) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new TensorFileError(file, `its entry for ${name} has an impossible shape or place`);
  }
  const [start, end] = offsets as [number, number];
  const size = isFloat(dtype) ? FLOAT_BYTES[dtype] : OTHER_BYTES[dtype];
  if (size === undefined) throw new TensorFileError(file, `${name} has the unknown type ${dtype}`);
  if (end < start || dataStart + end > fileSize) {
    throw new TensorFileError(file, `${name} runs past the end of the file, which is cut short or damaged`);
  }
  const expected = shape.reduce((product, dim) => product * dim, size);
  if (end - start !== expected) {
    throw new TensorFileError(
      file,
      `${name} takes ${end - start} bytes where its shape asks for ${expected}`,
    );
  }
  return { dtype, shape, offset: dataStart + start, bytes: end - start };
}

function expectNoOverlap(index: TensorIndex, dataStart: number, fileSize: number, file: string): void {
  let end = dataStart;
  let before = 'the header';
  for (const [name, entry] of [...index].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (entry.offset < end) throw new TensorFileError(file, `${name} overlaps ${before}`);
    if (entry.offset > end) throw new TensorFileError(file, `there is a gap between ${before} and ${name}`);
    end = entry.offset + entry.bytes;
    before = name;
  }
  if (end !== fileSize) throw new TensorFileError(file, 'it goes on after its last tensor');
}

/** What packs are written in. */
const STORED_BYTES = { ...FLOAT_BYTES, I8: 1 } as const;
export type StoredType = keyof typeof STORED_BYTES;

export interface TensorSpec {
  readonly name: string;
  readonly dtype: StoredType;
  readonly shape: readonly number[];
}

export const tensorBytes = ({ dtype, shape }: Omit<TensorSpec, 'name'>): number =>
  shape.reduce((product, dim) => product * dim, STORED_BYTES[dtype]);

/** The start of a file that holds these tensors in this order, one after another: its length word and its header. */
export function safetensorsHeader(tensors: readonly TensorSpec[]): Uint8Array<ArrayBuffer> {
  let end = 0;
  const entries = tensors.map((tensor) => {
    const start = end;
    end += tensorBytes(tensor);
    return [tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [start, end] }] as const;
  });
  const json = encodeText(JSON.stringify(Object.fromEntries(entries)));
  const padding = new Uint8Array((8 - (json.length % 8)) % 8).fill(0x20);
  const length = new Uint8Array(8);
  view(length).setBigUint64(0, BigInt(json.length + padding.length), true);
  return concat([length, json, padding]);
}
