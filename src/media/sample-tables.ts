import { type Box, topLevelBoxes } from './container.ts';
import { ascii, readBytes } from './sniff.ts';

/** Ten hours of film have an index of some 30 MB. */
const LARGEST_INDEX = 128e6;
const MOST_SAMPLES_A_RUN = 1e6;
/** Some muxers are off by a few between their tables; damage is off by millions. */
const SLACK = 1000;

const CONTAINERS = new Set(['trak', 'edts', 'mdia', 'minf', 'dinf', 'stbl', 'mvex', 'traf', 'udta', 'wave']);
const TABLES = new Set(['stts', 'ctts', 'stsz', 'stz2', 'stsc', 'stco', 'co64']);

/**
 * Whether an MP4 file's index promises more samples than the file can hold. A reader that believes a damaged count
 * loops through four thousand million entries and freezes the page, so the counts are compared before it starts.
 */
export async function indexIsAbsurd(file: Blob): Promise<boolean> {
  for (const box of await topLevelBoxes(file)) {
    if (box.type !== 'moov' && box.type !== 'moof') continue;
    if (box.end > file.size) return false;
    if (box.end - box.start > LARGEST_INDEX) return true;
    const bytes = await readBytes(file, box.content, box.end);
    if (tablesAreAbsurd(bytes, file.size)) return true;
  }
  return false;
}

function tablesAreAbsurd(bytes: Uint8Array, fileSize: number): boolean {
  const tables = new Map<string, DataView>();
  for (const { type, content, end } of innerBoxes(bytes)) {
    const inner = bytes.subarray(content, end);
    const data = new DataView(inner.buffer, inner.byteOffset, inner.byteLength);
    if (CONTAINERS.has(type) && tablesAreAbsurd(inner, fileSize)) return true;
    if (type === 'trun' && data.byteLength >= 8 && data.getUint32(4) > MOST_SAMPLES_A_RUN) return true;
    if (TABLES.has(type) && tables.has(type)) return true;
    tables.set(type, data);
  }
  return sampleTableIsAbsurd(tables, fileSize);
}

function sampleTableIsAbsurd(tables: ReadonlyMap<string, DataView>, fileSize: number): boolean {
  const sizes = tables.get('stsz') ?? tables.get('stz2');
  if (sizes === undefined || sizes.byteLength < 12) return tables.has('stts') || tables.has('ctts');
  const samples = sizes.getUint32(8);
  if (samples > fileSize) return true;
  const most = 2 * samples + SLACK;
  if (total(tables.get('stts')) > most || total(tables.get('ctts')) > most) return true;
  const offsets = tables.get('stco') ?? tables.get('co64');
  const chunks = offsets && offsets.byteLength >= 8 ? offsets.getUint32(4) : 0;
  return rows(tables.get('stsc'), 12).some(([firstChunk = 0, perChunk = 0]) => {
    return firstChunk > chunks + SLACK || perChunk > most;
  });
}

/** The sum of the counts in a run-length table. */
function total(table: DataView | undefined): number {
  return rows(table, 8).reduce((sum, [count = 0]) => sum + count, 0);
}

/** A table's rows as its 32-bit fields; no more rows than it has bytes for. */
function rows(table: DataView | undefined, rowBytes: number): number[][] {
  if (table === undefined || table.byteLength < 8) return [];
  const count = Math.min(table.getUint32(4), Math.floor((table.byteLength - 8) / rowBytes));
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: rowBytes / 4 }, (_, field) => table.getUint32(8 + row * rowBytes + field * 4)),
  );
}

function* innerBoxes(bytes: Uint8Array): Generator<Box> {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start + 8 <= bytes.length; ) {
    const size = data.getUint32(start);
    const wide = size === 1 && start + 16 <= bytes.length;
    const length = wide ? Number(data.getBigUint64(start + 8)) : size === 0 ? bytes.length - start : size;
    if (length < 8) return;
    const end = Math.min(start + length, bytes.length);
    yield { type: ascii(bytes, start + 4, 4), start, content: start + (wide ? 16 : 8), end };
    start = end;
  }
}
