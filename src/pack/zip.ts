import type { ByteSource } from '../onnx/safetensors.ts';
import { blobSource } from './dropped.ts';
import { PackFormatError } from './errors.ts';
import type { Folder } from './folder.ts';
import { DEFLATED, packedStart, readZipDirectory, STORED, type ZipEntry } from './zip-directory.ts';

/**
 * A zip read through its directory, entry by entry: nothing but the entry that is asked for is ever read. Stored
 * entries can be read in part; a deflated one is inflated from its start on.
 */
export async function openZip(zip: Blob, name: string): Promise<Folder> {
  const entries = await readZipDirectory(blobSource(zip), fault);
  return {
    name,
    paths: [...entries.keys()],
    async open(path) {
      const entry = entries.get(path);
      return entry && sourceOf(zip, entry);
    },
  };
}

function sourceOf(zip: Blob, entry: ZipEntry): ByteSource {
  const packed = async (): Promise<Blob> => {
    const start = await packedStart(blobSource(zip), entry, fault);
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

const fault = (words: string) => new PackFormatError(words);
const damaged = () => fault('the zip is damaged');
