import { hashOf } from './download.ts';
import { blobSource } from './dropped.ts';
import { NoRoomError, PackNotFoundError } from './errors.ts';
import type { Folder, PackWriter } from './folder.ts';
import { expectRoom } from './room.ts';
import { appendTo } from './store.ts';

/**
 * Writes a pack into a folder of the browser's private file system, where `npm run export` would write it to disk.
 * Browsers hash no stream, so every file is read back once, whole: a segment at a time, as it will be to load it.
 */
export function privatePackWriter(root: FileSystemDirectoryHandle): PackWriter {
  return {
    begin: (bytes) => expectRoom('this model', bytes),
    async write(path, chunks) {
      const handle = await fileAt(root, path, true);
      const appender = await appendTo(handle, 0);
      let bytes = 0;
      let hasRoom = true;
      try {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          hasRoom &&= await appender.write(chunk);
          if (!hasRoom) throw new NoRoomError(path, bytes);
        }
      } finally {
        await appender.close();
      }
      const written = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      if (written.length !== bytes) throw new NoRoomError(path, bytes);
      return { bytes, sha256: await hashOf(written) };
    },
  };
}

/** Where imported packs are, each in a folder of its own. */
const IMPORTED = 'imported-packs';

/** The folder of an imported pack; without `create` it must be there. */
export async function importedRoot(id: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  return (await allImported()).getDirectoryHandle(id, { create });
}

export async function allImported(): Promise<FileSystemDirectoryHandle> {
  return (await navigator.storage.getDirectory()).getDirectoryHandle(IMPORTED, { create: true });
}

/** An imported pack, to be opened as any other folder. */
export async function importedFolder(id: string): Promise<Folder> {
  const root = await importedRoot(id, false).catch(() => undefined);
  if (root === undefined) throw new PackNotFoundError('the packs imported in this browser');
  const open: Folder['open'] = async (path) => {
    const handle = await fileAt(root, path, false).catch(() => undefined);
    return handle && blobSource(await handle.getFile());
  };
  return { name: id, paths: ['pack.json'], open };
}

async function fileAt(
  root: FileSystemDirectoryHandle,
  path: string,
  create: boolean,
): Promise<FileSystemFileHandle> {
  const folders = path.split('/');
  const name = folders.pop() as string;
  let folder = root;
  for (const each of folders) folder = await folder.getDirectoryHandle(each, { create });
  return folder.getFileHandle(name, { create });
}
