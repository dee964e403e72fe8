import { decodeText } from '../onnx/text.ts';
import type { PackManifest } from './manifest.ts';
import { allImported } from './private-folder.ts';

/** A pack that was made in this browser from a person's own weights. */
export interface ImportedPack {
  readonly id: string;
  readonly name: string;
  readonly licence: string;
  readonly bytes: number;
}

/** Those that are whole. */
export async function listImported(): Promise<ImportedPack[]> {
  const packs: ImportedPack[] = [];
  for (const [id, manifest] of await readAll()) if (manifest) packs.push(describeImported(id, manifest));
  return packs;
}

/** A worker that was ended a moment ago may still hold the file that it was writing. */
const TRIES = 20;
const BETWEEN_TRIES_MS = 100;

export async function removeImported(id: string): Promise<void> {
  const all = await allImported();
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      return await all.removeEntry(id, { recursive: true });
    } catch (error) {
      // What is not there need not be removed; what stays in use goes with the next import.
      if (error instanceof DOMException && error.name === 'NotFoundError') return;
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES_MS));
    }
  }
}

/** Removes what an import left that was cut off: pack.json is written last. */
export async function removeHalves(): Promise<void> {
  for (const [id, manifest] of await readAll()) if (!manifest) await removeImported(id);
}

async function readAll(): Promise<[string, PackManifest | undefined][]> {
  const found: [string, PackManifest | undefined][] = [];
  for await (const [id, handle] of (await allImported()).entries()) {
    if (handle.kind === 'directory')
      found.push([id, await readManifest(handle as FileSystemDirectoryHandle)]);
  }
  return found;
}

async function readManifest(folder: FileSystemDirectoryHandle): Promise<PackManifest | undefined> {
  try {
    const file = await (await folder.getFileHandle('pack.json')).getFile();
    return JSON.parse(decodeText(new Uint8Array(await file.arrayBuffer())));
  } catch {
    return undefined;
  }
}

export const describeImported = (id: string, { name, licence, files }: PackManifest): ImportedPack => ({
  id,
  name,
  licence,
  bytes: Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0),
});
