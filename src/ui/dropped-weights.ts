import type { ChosenFile } from '../client/import.ts';
import { importDropped } from '../state/import-weights.ts';

const WEIGHTS = /\.(safetensors|ckpt|pth|pt|bin)$/i;

/** Takes dropped weights, alone or in a folder; false where what was dropped holds none, and is something else. */
export function takeWeights(dropped: DataTransfer): boolean {
  // Now: what was dropped can be asked for during the event alone.
  const things = [...dropped.items].flatMap((item) => item.webkitGetAsEntry() ?? item.getAsFile() ?? []);
  const isFolder = things.some((thing) => !(thing instanceof File) && thing.isDirectory);
  if (!isFolder && !things.some(({ name }) => WEIGHTS.test(name))) return false;
  void Promise.all(things.map(filesOf)).then((files) => importDropped(files.flat()));
  return true;
}

async function filesOf(entry: FileSystemEntry | File): Promise<ChosenFile[]> {
  // A file that no disk holds, such as one that a page made.
  if (entry instanceof File) return [{ path: entry.name, file: entry }];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ path: entry.fullPath.slice(1), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: ChosenFile[] = [];
  // A folder is read by the handful, until a handful is empty.
  for (;;) {
    const inside = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (inside.length === 0) return files;
    for (const each of inside) files.push(...(await filesOf(each)));
  }
}
