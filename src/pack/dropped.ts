import type { ByteSource } from '../onnx/safetensors.ts';
import type { Folder } from './folder.ts';

/** Files that were dropped on the page or chosen in a dialog, as the folder they came from. */
export function droppedFolder(files: readonly File[]): Folder {
  const byPath = new Map(files.map((file) => [file.webkitRelativePath || file.name, file]));
  const name = files[0]?.webkitRelativePath.split('/')[0] || 'the dropped files';
  return {
    name,
    paths: [...byPath.keys()],
    async open(path) {
      // Files dropped one by one come without their folders.
      const file = byPath.get(path) ?? byPath.get(path.slice(path.lastIndexOf('/') + 1));
      return file && blobSource(file);
    },
  };
}

/** A chosen file, and where it lay inside the folder that was chosen: workers are not told by the file itself. */
export interface ChosenFile {
  readonly path: string;
  readonly file: File;
}

/**
 * Weights that were dropped or chosen. Unlike a pack's, their files have the same names in several folders
 * (`unet/config.json`, `vae/config.json`), so each is found by its whole path inside the chosen folder alone.
 */
export function droppedWeights(chosen: readonly ChosenFile[]): Folder {
  const [first] = chosen;
  const outer = first?.path.includes('/') ? first.path.slice(0, first.path.indexOf('/') + 1) : '';
  const isFolder = outer !== '' && chosen.every(({ path }) => path.startsWith(outer));
  const inside = (path: string) => (isFolder ? path.slice(outer.length) : path);
  const byPath = new Map(chosen.map(({ path, file }) => [inside(path), file]));
  return {
    name: isFolder ? outer.slice(0, -1) : 'the chosen files',
    paths: [...byPath.keys()],
    async open(path) {
      const file = byPath.get(path);
      return file && blobSource(file);
    },
  };
}

/** Files from a file input, of which a chosen folder's know their path. */
export const chosenFiles = (files: readonly File[]): ChosenFile[] =>
  files.map((file) => ({ path: file.webkitRelativePath || file.name, file }));

export const blobSource = (blob: Blob): ByteSource => ({
  size: blob.size,
  read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
});

/** The folder inside a folder that holds a file: a dropped or zipped folder keeps its own name in front. */
export function folderAround(folder: Folder, file: string): Folder | undefined {
  const [path] = (folder.paths ?? [])
    .filter((path) => path === file || path.endsWith(`/${file}`))
    .sort((a, b) => a.length - b.length);
  if (path === undefined) return undefined;
  const base = path.slice(0, path.length - file.length);
  return { name: folder.name, open: (inner) => folder.open(base + inner) };
}
