import { type ChosenFile, droppedWeights } from './dropped.ts';
import { type ExportOptions, exportPack } from './export.ts';
import type { Folder } from './folder.ts';
import { describeImported, type ImportedPack, removeHalves, removeImported } from './imported.ts';
import { importedRoot, privatePackWriter } from './private-folder.ts';
import { sortFiles } from './sort-files.ts';

export interface ImportResult {
  readonly pack: ImportedPack;
  /** What was left out or assumed, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Makes a pack of chosen weights, with the same code as the command line, in the browser's private file system. What a
 * failed import has written is removed; a worker that dies leaves it to the next one.
 */
export async function importWeights(
  chosen: readonly ChosenFile[],
  precision: ExportOptions['precision'],
  onProgress: (done: number, total: number) => void,
): Promise<ImportResult> {
  const { folder, file } = await sortFiles(droppedWeights(chosen));
  await removeHalves();
  const id = crypto.randomUUID();
  const root = await importedRoot(id, true);
  const notes: string[] = [];
  try {
    const manifest = await exportPack(titled(folder, chosen, file), privatePackWriter(root), {
      precision,
      file,
      onProgress,
      onNote: (note) => notes.push(note),
    });
    return { pack: describeImported(id, manifest), notes };
  } catch (error) {
    await removeImported(id);
    throw error;
  }
}

/** A folder has a name; of files chosen one by one, the model's own is the best there is. */
function titled(folder: Folder, chosen: readonly ChosenFile[], file: string | undefined): Folder {
  const isFolder = chosen.some(({ path }) => path.includes('/'));
  return isFolder || file === undefined ? folder : { ...folder, name: file.replace(/\.\w+$/, '') };
}
