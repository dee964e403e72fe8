/** Makes a pack of the chosen weights in the import worker, and opens it. */
import { chosenFiles, importWeights } from '../../src/client/import.ts';
import { type ErrorOnTheWire, toWire } from '../../src/errors.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';
import { openPack } from '../../src/pack/open.ts';

export type Imported =
  | { readonly manifest: PackManifest; readonly readBytes: number; readonly notes: readonly string[] }
  | { readonly error: ErrorOnTheWire };

declare global {
  interface Window {
    importChosen(precision?: 'f16' | 'int8'): Promise<Imported>;
  }
}

window.importChosen = async (precision = 'f16') => {
  const files = [...((document.querySelector('input') as HTMLInputElement).files ?? [])];
  try {
    const { signal } = new AbortController();
    const { pack, notes } = await importWeights(chosenFiles(files), precision, () => undefined, signal);
    const opened = await openPack({ kind: 'imported', id: pack.id });
    let readBytes = 0;
    for (const path of Object.keys(opened.manifest.files)) readBytes += (await opened.read(path)).length;
    return { manifest: opened.manifest, readBytes, notes };
  } catch (error) {
    return { error: toWire(error) };
  }
};
