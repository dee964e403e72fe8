/**
 * A folder of files, as the studio's store stands on it: the browser's private file system, or memory. A write is whole
 * or not there at all.
 */
export interface Folder {
  /** Made where it is missing. */
  folder(name: string): Promise<Folder>;
  read(name: string): Promise<Blob | null>;
  write(name: string, content: Blob | string): Promise<void>;
  /** With all that is in it; what is not there need not be removed. */
  remove(name: string): Promise<void>;
  names(): Promise<string[]>;
}

/** Of the origin's private file system. */
export async function privateFolder(...path: string[]): Promise<Folder> {
  let directory = await navigator.storage.getDirectory();
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
  return new PrivateFolder(directory);
}

class PrivateFolder implements Folder {
  readonly #directory: FileSystemDirectoryHandle;

  constructor(directory: FileSystemDirectoryHandle) {
    this.#directory = directory;
  }

  async folder(name: string): Promise<Folder> {
    return new PrivateFolder(await this.#directory.getDirectoryHandle(name, { create: true }));
  }

  async read(name: string): Promise<Blob | null> {
    try {
      return await (await this.#directory.getFileHandle(name)).getFile();
    } catch {
      return null;
    }
  }

  async write(name: string, content: Blob | string): Promise<void> {
    const handle = await this.#directory.getFileHandle(name, { create: true });
    // The browser writes beside the file, and puts what was written in its place when it is closed.
    const stream = await handle.createWritable();
    try {
      await stream.write(content);
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => undefined);
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    // What is in use goes at another time.
    await this.#directory.removeEntry(name, { recursive: true }).catch(() => undefined);
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const name of this.#directory.keys()) names.push(name);
    return names;
  }
}

/** Where there is no private file system, as in some private windows, and in tests. */
export class MemoryFolder implements Folder {
  readonly #folders = new Map<string, MemoryFolder>();
  readonly #files = new Map<string, Blob>();

  async folder(name: string): Promise<Folder> {
    const folder = this.#folders.get(name) ?? new MemoryFolder();
    this.#folders.set(name, folder);
    return folder;
  }

  async read(name: string): Promise<Blob | null> {
    return this.#files.get(name) ?? null;
  }

  async write(name: string, content: Blob | string): Promise<void> {
    this.#files.set(name, typeof content === 'string' ? new Blob([content]) : content);
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
    this.#folders.delete(name);
  }

  async names(): Promise<string[]> {
    return [...this.#files.keys(), ...this.#folders.keys()];
  }
}
