import { hashOf } from './download.ts';
import { NoRoomError } from './errors.ts';
import type { PackWriter } from './folder.ts';
import { appendTo } from './store.ts';

/**
 * Writes a pack into a folder of the browser's private file system, where `npm run export` would write it to disk.
 * Browsers hash no stream, so every file is read back once, whole: a segment at a time, as it will be to load it.
 */
export function privatePackWriter(root: FileSystemDirectoryHandle): PackWriter {
  return {
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

/** The files of a pack that was written there, as `openPack` takes them. */
export async function privatePackFiles(
  root: FileSystemDirectoryHandle,
  paths: readonly string[],
): Promise<File[]> {
  const files: File[] = [];
  for (const path of ['pack.json', ...paths]) files.push(await (await fileAt(root, path, false)).getFile());
  return files;
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
