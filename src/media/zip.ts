import type { ByteSink } from './byte-sink.ts';
import { crc32 } from './crc32.ts';

/** Fields that do not fit 32 bits carry this, and the number itself in a zip64 field. */
const SEE_ZIP64 = 0xffffffff;
/** Names are UTF-8. */
const FLAGS = 1 << 11;

interface Entry {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/** Little-endian fields as bytes: [value, its width in bytes] pairs. */
function fields(...pairs: readonly (readonly [value: number, width: 2 | 4 | 8])[]): Uint8Array {
  const bytes = new Uint8Array(pairs.reduce((sum, [, width]) => sum + width, 0));
  const data = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, width] of pairs) {
    if (width === 2) data.setUint16(at, value, true);
    else if (width === 4) data.setUint32(at, value, true);
    else data.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytes;
}

/** A zip of stored files (pictures are compressed already), written as they come and of any size. */
export class ZipWriter {
  readonly #sink: ByteSink;
  readonly #entries: Entry[] = [];

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  async add(name: string, content: Uint8Array): Promise<void> {
    const entry: Entry = {
      name: new TextEncoder().encode(name),
      crc: crc32(content),
      size: content.length,
      offset: this.#sink.size,
    };
    this.#entries.push(entry);
    await this.#sink.write(fields([0x04034b50, 4], [20, 2], ...common(entry), [0, 2]));
    await this.#sink.write(entry.name);
    await this.#sink.write(content);
  }

  async finish(): Promise<void> {
    const start = this.#sink.size;
    for (const entry of this.#entries) await this.#writeDirectoryEntry(entry);
    const size = this.#sink.size - start;
    const count = this.#entries.length;
    const large = count > 0xfffe || start + size >= SEE_ZIP64;
    if (large) {
      const at = this.#sink.size;
      const record = [count, count, size, start].map((value) => [value, 8] as const);
      await this.#sink.write(fields([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4], ...record));
      await this.#sink.write(fields([0x07064b50, 4], [0, 4], [at, 8], [1, 4]));
    }
    const short = large ? 0xffff : count;
    const [shownSize, shownStart] = large ? [SEE_ZIP64, SEE_ZIP64] : [size, start];
    await this.#sink.write(
      fields(
        [0x06054b50, 4],
        [0, 2],
        [0, 2],
        [short, 2],
        [short, 2],
        [shownSize, 4],
        [shownStart, 4],
        [0, 2],
      ),
    );
  }

  async #writeDirectoryEntry(entry: Entry): Promise<void> {
    const far = entry.offset >= SEE_ZIP64;
    const extra = far ? fields([1, 2], [8, 2], [entry.offset, 8]) : new Uint8Array(0);
    await this.#sink.write(
      fields(
        [0x02014b50, 4],
        [far ? 45 : 20, 2],
        [far ? 45 : 20, 2],
        ...common(entry),
        [extra.length, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [0, 4],
        [far ? SEE_ZIP64 : entry.offset, 4],
      ),
    );
    await this.#sink.write(entry.name);
    await this.#sink.write(extra);
  }
}

/** What a file's own header and its directory entry share: flags, stored, 1 January 1980, checksum, sizes, name. */
function common({ crc, size, name }: Entry): (readonly [number, 2 | 4])[] {
  return [
    [FLAGS, 2],
    [0, 2],
    [0, 2],
    [0x21, 2],
    [crc, 4],
    [size, 4],
    [size, 4],
    [name.length, 2],
  ];
}
