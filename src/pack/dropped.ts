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

/**
 * Weights that were dropped or chosen. Unlike a pack's, their files have the same names in several folders
 * (`unet/config.json`, `vae/config.json`), so each is found by its whole path inside the dropped folder alone.
 */
export function droppedWeights(files: readonly File[]): Folder {
  const inside = ({ webkitRelativePath: path, name }: File) => path.slice(path.indexOf('/') + 1) || name;
  const byPath = new Map(files.map((file) => [inside(file), file]));
  return {
    name: files[0]?.webkitRelativePath.split('/')[0] || 'the dropped files',
    paths: [...byPath.keys()],
    async open(path) {
      const file = byPath.get(path);
      return file && blobSource(file);
    },
  };
}

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
