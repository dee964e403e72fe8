import type { ByteSource } from '../onnx/safetensors.ts';
import { PackFormatError } from './errors.ts';
import type { Folder } from './folder.ts';

/**
 * A zip read through its directory, entry by entry: nothing but the entry that is asked for is ever read. Stored
 * entries can be read in part; a deflated one is inflated from its start on.
 */

const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
/** An end record is 22 bytes and a comment of up to 64 KiB. */
const LONGEST_END = 22 + 0xffff;
const LARGEST_DIRECTORY = 64 * 1024 * 1024;

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly start: number;
}

export async function openZip(zip: Blob, name: string): Promise<Folder> {
  const entries = await readDirectory(zip);
  return {
    name,
    paths: [...entries.keys()],
    async open(path) {
      const entry = entries.get(path);
      return entry && sourceOf(zip, entry);
    },
  };
}

async function readDirectory(zip: Blob): Promise<Map<string, ZipEntry>> {
  const { offset, bytes } = await findDirectory(zip);
  if (bytes > LARGEST_DIRECTORY || offset + bytes > zip.size) throw damaged();
  const directory = await viewOf(zip, offset, bytes);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + 46 <= bytes; ) {
    if (directory.getUint32(at, true) !== ENTRY) throw damaged();
    const nameBytes = directory.getUint16(at + 28, true);
    const extraBytes = directory.getUint16(at + 30, true);
    const end = at + 46 + nameBytes + extraBytes + directory.getUint16(at + 32, true);
    if (end > bytes) throw damaged();
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, at + 46, nameBytes));
    const [size, packedBytes, start] = wideFields(directory, at + 46 + nameBytes, extraBytes, [
      directory.getUint32(at + 24, true),
      directory.getUint32(at + 20, true),
      directory.getUint32(at + 42, true),
    ]);
    const isEncrypted = (directory.getUint16(at + 8, true) & 1) === 1;
    if (isEncrypted) throw new PackFormatError('the zip is protected by a password');
    entries.set(name, { name, method: directory.getUint16(at + 10, true), packedBytes, bytes: size, start });
    at = end;
  }
  return entries;
}

/** Numbers that do not fit in 32 bits stand in an extra field, in this order, in place of all ones. */
function wideFields(
  directory: DataView,
  start: number,
  length: number,
  fields: [number, number, number],
): [number, number, number] {
  for (let at = start; at + 4 <= start + length; at += 4 + directory.getUint16(at + 2, true)) {
    if (directory.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return fields.map((field) => {
      if (field !== 0xffffffff) return field;
      if (next + 8 > start + length) throw damaged();
      next += 8;
      return Number(directory.getBigUint64(next - 8, true));
    }) as [number, number, number];
  }
  return fields;
}

async function findDirectory(zip: Blob): Promise<{ offset: number; bytes: number }> {
  const tailBytes = Math.min(zip.size, LONGEST_END);
  const tailStart = zip.size - tailBytes;
  const tail = await viewOf(zip, tailStart, tailBytes);
  for (let at = tailBytes - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue;
    const bytes = tail.getUint32(at + 12, true);
    const offset = tail.getUint32(at + 16, true);
    const isWide = offset === 0xffffffff || bytes === 0xffffffff;
    return isWide ? findWideDirectory(zip, tailStart + at - 20) : { offset, bytes };
  }
  throw new PackFormatError('the file is no zip, or it was cut short');
}

async function findWideDirectory(zip: Blob, locatorAt: number): Promise<{ offset: number; bytes: number }> {
  const locator = await viewOf(zip, locatorAt, 20);
  if (locator.getUint32(0, true) !== END64_LOCATOR) throw damaged();
  const end = await viewOf(zip, Number(locator.getBigUint64(8, true)), 56);
  if (end.getUint32(0, true) !== END64) throw damaged();
  return { bytes: Number(end.getBigUint64(40, true)), offset: Number(end.getBigUint64(48, true)) };
}

function sourceOf(zip: Blob, entry: ZipEntry): ByteSource {
  const packed = async (): Promise<Blob> => {
    const local = await viewOf(zip, entry.start, 30);
    if (local.getUint32(0, true) !== LOCAL) throw damaged();
    const start = entry.start + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    if (start + entry.packedBytes > zip.size) throw damaged();
    return zip.slice(start, start + entry.packedBytes);
  };
  return {
    size: entry.bytes,
    async read(offset, length) {
      const blob = await packed();
      if (entry.method === STORED)
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (entry.method === DEFLATED) return inflate(blob, offset, length);
      throw new PackFormatError(`the zip compresses ${entry.name} in a way that browsers cannot read`);
    },
  };
}

async function inflate(packed: Blob, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const reader = packed.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  try {
    for (let at = -offset; at < length; ) {
      const { value, done } = await reader.read();
      if (done) throw damaged();
      const from = Math.max(0, -at);
      if (from < value.length)
        bytes.set(value.subarray(from, Math.min(value.length, length - at)), at + from);
      at += value.length;
    }
  } catch (error) {
    throw error instanceof PackFormatError ? error : damaged();
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return bytes;
}

async function viewOf(zip: Blob, offset: number, length: number): Promise<DataView<ArrayBuffer>> {
  const bytes = await zip.slice(Math.max(0, offset), offset + length).arrayBuffer();
  if (offset < 0 || bytes.byteLength < length) throw damaged();
  return new DataView(bytes);
}

const damaged = () => new PackFormatError('the zip is damaged');
