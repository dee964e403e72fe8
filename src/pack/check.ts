import { PirouetteError } from '../errors.ts';
import { type Folder, readAll } from './folder.ts';
import { LARGEST_JSON } from './json.ts';
import type { PackManifest } from './manifest.ts';
import { partsOf } from './plan-networks.ts';
import { manifestFaults, parseManifest, parsePackJson } from './validate.ts';
import { verified } from './verify-part.ts';

type Hash = (bytes: Uint8Array<ArrayBuffer>) => string | Promise<string>;

/** Everything that is wrong with a pack, in sentences. A sound one has no faults. One file is in memory at a time. */
export async function checkPack(folder: Folder, sha256: Hash): Promise<string[]> {
  const source = await folder.open('pack.json');
  if (source === undefined) return [`${folder.name} has no pack.json.`];
  if (source.size > LARGEST_JSON) return ['pack.json is too large.'];
  const bytes = await readAll(source);
  const faults: string[] = [];
  try {
    faults.push(...manifestFaults(parsePackJson(bytes)).map((fault) => `pack.json: ${fault}.`));
    if (faults.length > 0) return faults;
    const manifest = parseManifest(bytes);
    for (const { files } of partsOf(manifest)) {
      for (const path of [files.graph, files.weights]) {
        const fault = await faultOf(path, folder, manifest, sha256);
        if (fault !== undefined) faults.push(fault);
      }
    }
  } catch (error) {
    faults.push(sentence(error));
  }
  return faults;
}

/** Of one file: that it is there, as it was hashed, and what its config comes to. */
async function faultOf(
  path: string,
  folder: Folder,
  manifest: PackManifest,
  sha256: Hash,
): Promise<string | undefined> {
  const source = await folder.open(path);
  const stated = manifest.files[path];
  if (source === undefined || stated === undefined) return `${path} is missing.`;
  if (source.size !== stated.bytes)
    return `${path} has ${source.size} bytes where pack.json states ${stated.bytes}.`;
  const bytes = await readAll(source);
  if ((await sha256(bytes)) !== stated.sha256) return `${path} is altered: its SHA-256 is not pack.json's.`;
  try {
    verified(path, bytes, manifest);
    return undefined;
  } catch (error) {
    return sentence(error);
  }
}

function sentence(error: unknown): string {
  if (error instanceof PirouetteError) return error.message;
  throw error;
}
