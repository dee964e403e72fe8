import { crc32 } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly content: Uint8Array;
}

/** 1 January 1980, the first day of a zip: the same bytes whenever it is made. */
const DATE = (1 << 5) | 1;
const VERSION = 20;
/** An extra field of this (unassigned) kind pads the header, as Android's zipalign does. */
const PADDING_KIND = 0xd935;

/** A zip whose entries are stored as they are, each starting at a multiple of `alignment`, so that they can be mapped. */
export function storedZip(entries: readonly ZipEntry[], alignment: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const push = (chunk: Uint8Array) => {
    chunks.push(chunk);
    at += chunk.length;
  };
  for (const { name, content } of entries) {
    const encoded = new TextEncoder().encode(name);
    const common = [
      ...u16(VERSION, 0, 0, 0, DATE),
      ...u32(crc32(content), content.length, content.length),
      ...u16(encoded.length),
    ];
    const headerAt = at;
    const unpadded = at + 30 + encoded.length + 4;
    const padding = (alignment - (unpadded % alignment)) % alignment;
    push(Uint8Array.from([...u32(0x04034b50), ...common, ...u16(4 + padding)]));
    push(encoded);
    push(Uint8Array.from([...u16(PADDING_KIND, padding), ...new Uint8Array(padding)]));
    push(content);
    directory.push(
      Uint8Array.from([
        ...u32(0x02014b50),
        ...u16(VERSION),
        ...common,
        ...u16(0, 0, 0, 0),
        ...u32(0, headerAt),
        ...encoded,
      ]),
    );
  }
  const directoryAt = at;
  for (const entry of directory) push(entry);
  push(
    Uint8Array.from([
      ...u32(0x06054b50),
      ...u16(0, 0, entries.length, entries.length),
      ...u32(at - directoryAt, directoryAt),
      ...u16(0),
    ]),
  );
  return concatenate(chunks, at);
}

const u16 = (...values: number[]) => values.flatMap((v) => [v & 255, (v >>> 8) & 255]);
const u32 = (...values: number[]) =>
  values.flatMap((v) => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24]);

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
