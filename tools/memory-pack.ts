import { createHash } from 'node:crypto';
import { concat } from '../src/onnx/proto.ts';
import { type ExportOptions, exportPack } from '../src/pack/export.ts';
import type { Folder } from '../src/pack/folder.ts';
import type { Pack, PackManifest } from '../src/pack/manifest.ts';

export type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

export function memoryFolder(name: string, files: Files): Folder {
  return {
    name,
    paths: [...files.keys()],
    async open(path) {
      const bytes = files.get(path);
      return (
        bytes && { size: bytes.length, read: async (offset, length) => bytes.slice(offset, offset + length) }
      );
    },
  };
}

/** Exports weights through the real exporter, into memory: every file of the pack, pack.json included. */
export async function exportToMemory(
  from: Folder,
  precision: ExportOptions['precision'],
  file?: string,
  onNote?: ExportOptions['onNote'],
): Promise<Files> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const writer = {
    async write(path: string, chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunks) parts.push(chunk.slice());
      const bytes = concat(parts);
      files.set(path, bytes);
      return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    },
  };
  await exportPack(from, writer, { precision, file, ...(onNote && { onNote }) });
  return files;
}

export function manifestOf(files: Files): PackManifest {
  return JSON.parse(new TextDecoder().decode(files.get('pack.json')));
}

export function memoryPack(files: Files): Pack {
  const need = (path: string): Uint8Array<ArrayBuffer> => {
    const bytes = files.get(path);
    if (bytes === undefined) throw new Error(`The pack has no ${path}.`);
    return bytes;
  };
  return {
    manifest: manifestOf(files),
    read: async (path) => need(path),
  };
}
