import { ascii, readBytes, type VideoFormat } from './sniff.ts';

export interface Box {
  readonly type: string;
  readonly start: number;
  /** Of the box's content, behind its header. */
  readonly content: number;
  /** May lie behind the end of the file, when the file was cut. */
  readonly end: number;
}

/** The boxes at the top level of an MP4 or MOV file; only their headers are read. */
export async function topLevelBoxes(file: Blob): Promise<Box[]> {
  const boxes: Box[] = [];
  for (let start = 0; start + 8 <= file.size; ) {
    const head = await readBytes(file, start, start + 16);
    const data = new DataView(head.buffer);
    const size = data.getUint32(0);
    const wide = size === 1 && head.length === 16;
    const length = wide ? Number(data.getBigUint64(8)) : size === 0 ? file.size - start : size;
    if (length < 8) break;
    boxes.push({
      type: ascii(head, 4, 4),
      start,
      content: start + (wide ? 16 : 8),
      end: start + length,
    });
    start += length;
  }
  return boxes;
}

/** Whether an MP4 or MOV file ends before its boxes do, or lacks the index that cameras write last. */
async function isoIsCut(file: Blob): Promise<boolean> {
  const boxes = await topLevelBoxes(file);
  const last = boxes.at(-1);
  return last === undefined || last.end > file.size || !boxes.some((box) => box.type === 'moov');
}

/** Whether a WebM or Matroska file is shorter than its segment says. */
async function webmIsCut(file: Blob): Promise<boolean> {
  const head = await readBytes(file, 0, 4096);
  const header = elementAt(head, 0);
  const segment = header && elementAt(head, header.end);
  if (!segment) return true;
  return segment.known && segment.end > file.size;
}

function elementAt(bytes: Uint8Array, start: number): { end: number; known: boolean } | null {
  const idLength = Math.clz32(bytes[start] ?? 0) - 23;
  const first = bytes[start + idLength];
  if (first === undefined) return null;
  const sizeLength = Math.clz32(first) - 23;
  let size = first & (0xff >> sizeLength);
  let known = size !== 0xff >> sizeLength;
  for (let i = 1; i < sizeLength; i++) {
    const byte = bytes[start + idLength + i];
    if (byte === undefined) return null;
    size = size * 256 + byte;
    known ||= byte !== 0xff;
  }
  return { end: start + idLength + sizeLength + size, known };
}

/** MP4 and MOV, which keep all of a film's index in one place. */
export function hasIndex(format: VideoFormat): boolean {
  return format === 'MP4' || format === 'MOV';
}

export function isCut(file: Blob, format: VideoFormat): Promise<boolean> {
  return hasIndex(format) ? isoIsCut(file) : webmIsCut(file);
}
