import type { ByteSource } from '../onnx/safetensors.ts';

/** Where a zip's entries lie, read from its directory alone. What is wrong with it is said in the caller's own error. */
export type ZipFault = (words: string) => Error;

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly start: number;
}

export const STORED = 0;
export const DEFLATED = 8;

const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** An end record is 22 bytes and a comment of up to 64 KiB. */
const LONGEST_END = 22 + 0xffff;
const LARGEST_DIRECTORY = 8 * 1024 * 1024;

export async function readZipDirectory(zip: ByteSource, fault: ZipFault): Promise<Map<string, ZipEntry>> {
  const damaged = () => fault(DAMAGED);
  const { offset, bytes } = await findDirectory(zip, fault);
  if (bytes > LARGEST_DIRECTORY || offset + bytes > zip.size) throw damaged();
  const directory = await viewOf(zip, offset, bytes, fault);
  const entries = new Map<string, ZipEntry>();
  for (let at = 0; at + 46 <= bytes; ) {
    if (directory.getUint32(at, true) !== ENTRY) throw damaged();
    const nameBytes = directory.getUint16(at + 28, true);
    const extraBytes = directory.getUint16(at + 30, true);
    const end = at + 46 + nameBytes + extraBytes + directory.getUint16(at + 32, true);
    if (end > bytes) throw damaged();
    const name = new TextDecoder().decode(
      new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameBytes),
    );
    const [size, packedBytes, start] = wideFields(
      directory,
      at + 46 + nameBytes,
      extraBytes,
      [
        directory.getUint32(at + 24, true),
        directory.getUint32(at + 20, true),
        directory.getUint32(at + 42, true),
      ],
      fault,
    );
    const isEncrypted = (directory.getUint16(at + 8, true) & 1) === 1;
    if (isEncrypted) throw fault('the zip is protected by a password');
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
  fault: ZipFault,
): [number, number, number] {
  for (let at = start; at + 4 <= start + length; at += 4 + directory.getUint16(at + 2, true)) {
    if (directory.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return fields.map((field) => {
      if (field !== 0xffffffff) return field;
      if (next + 8 > start + length) throw fault(DAMAGED);
      next += 8;
      return Number(directory.getBigUint64(next - 8, true));
    }) as [number, number, number];
  }
  return fields;
}

async function findDirectory(zip: ByteSource, fault: ZipFault): Promise<{ offset: number; bytes: number }> {
  const tailBytes = Math.min(zip.size, LONGEST_END);
  const tailStart = zip.size - tailBytes;
  const tail = await viewOf(zip, tailStart, tailBytes, fault);
  for (let at = tailBytes - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue;
    const bytes = tail.getUint32(at + 12, true);
    const offset = tail.getUint32(at + 16, true);
    const isWide = offset === 0xffffffff || bytes === 0xffffffff;
    return isWide ? findWideDirectory(zip, tailStart + at - 20, fault) : { offset, bytes };
  }
  throw fault('the file is no zip, or it was cut short');
}

async function findWideDirectory(
  zip: ByteSource,
  locatorAt: number,
  fault: ZipFault,
): Promise<{ offset: number; bytes: number }> {
  const locator = await viewOf(zip, locatorAt, 20, fault);
  if (locator.getUint32(0, true) !== END64_LOCATOR) throw fault(DAMAGED);
  const end = await viewOf(zip, Number(locator.getBigUint64(8, true)), 56, fault);
  if (end.getUint32(0, true) !== END64) throw fault(DAMAGED);
  return { bytes: Number(end.getBigUint64(40, true)), offset: Number(end.getBigUint64(48, true)) };
}

/** Where an entry's packed bytes begin. */
export async function packedStart(zip: ByteSource, entry: ZipEntry, fault: ZipFault): Promise<number> {
  const local = await viewOf(zip, entry.start, 30, fault);
  if (local.getUint32(0, true) !== LOCAL) throw fault(DAMAGED);
  const start = entry.start + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + entry.packedBytes > zip.size) throw fault(DAMAGED);
  return start;
}

async function viewOf(
  zip: ByteSource,
  offset: number,
  length: number,
  fault: ZipFault,
): Promise<DataView<ArrayBuffer>> {
  if (offset < 0 || offset + length > zip.size) throw fault(DAMAGED);
  const bytes = await zip.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const DAMAGED = 'the zip is damaged';
