/**
 * Files kept between visits, by their SHA-256. A file may be there in part: its size says how far it got. Whatever
 * comes back from here is hashed before it is used.
 */
export interface FileStore {
  read(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Bytes of it that are there. */
  size(sha256: string): Promise<number>;
  /** Undefined where nothing can be kept now: no room, or another tab is at the same file. */
  append(sha256: string, from: number): Promise<Appender | undefined>;
  remove(sha256: string): Promise<void>;
  /** Notes an address's pack.json and the files it needs, and removes all that none of the latest packs needs. */
  keep(address: string, packJson: string, files: readonly string[]): Promise<void>;
  /** The pack.json that an address had when it was last there. */
  recall(address: string): Promise<string | undefined>;
}

export interface Appender {
  /** False when there is no room left; what fitted stays. */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<boolean>;
  close(): Promise<void>;
}

const FOLDER = 'packs';
const LEDGER = 'ledger.json';
/** Packs that stay; the one loaded longest ago makes room. */
const KEPT_PACKS = 3;

type Ledger = { readonly address: string; readonly packJson: string; readonly files: readonly string[] }[];

/** The browser's private file system; undefined where there is none, as in some private windows. */
export async function openStore(): Promise<FileStore | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    return new PrivateStore(await root.getDirectoryHandle(FOLDER, { create: true }));
  } catch {
    return undefined;
  }
}

class PrivateStore implements FileStore {
  constructor(private readonly folder: FileSystemDirectoryHandle) {}

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const handle = await this.folder.getFileHandle(name);
      return new Uint8Array(await (await handle.getFile()).arrayBuffer());
    } catch {
      return undefined;
    }
  }

  async size(name: string): Promise<number> {
    try {
      return (await (await this.folder.getFileHandle(name)).getFile()).size;
    } catch {
      return 0;
    }
  }

  async append(name: string, from: number): Promise<Appender | undefined> {
    try {
      const handle = await this.folder.getFileHandle(name, { create: true });
      return await appendTo(handle, from);
    } catch {
      return undefined;
    }
  }

  async remove(name: string): Promise<void> {
    await this.folder.removeEntry(name).catch(() => undefined);
  }

  async keep(address: string, packJson: string, files: readonly string[]): Promise<void> {
    const before = (await this.ledger()).filter((entry) => entry.address !== address);
    const ledger = [{ address, packJson, files }, ...before].slice(0, KEPT_PACKS);
    const needed = new Set([LEDGER, ...ledger.flatMap((entry) => entry.files)]);
    const stale: string[] = [];
    for await (const name of this.folder.keys()) if (!needed.has(name)) stale.push(name);
    for (const name of stale) await this.remove(name);
    await this.remove(LEDGER);
    const appender = await this.append(LEDGER, 0);
    await appender?.write(new TextEncoder().encode(JSON.stringify(ledger)));
    await appender?.close();
  }

  async recall(address: string): Promise<string | undefined> {
    return (await this.ledger()).find((entry) => entry.address === address)?.packJson;
  }

  private async ledger(): Promise<Ledger> {
    try {
      return JSON.parse(new TextDecoder().decode(await this.read(LEDGER)));
    } catch {
      return [];
    }
  }
}

/** Writes a file of the browser's private file system from a place on, and drops what was behind it. */
export const appendTo = (handle: FileSystemFileHandle, from: number): Promise<Appender> =>
  'createSyncAccessHandle' in handle
    ? appendInPlace(handle as InPlaceHandle, from)
    : appendAtClose(handle, from);

/** Workers alone have it, and so do the types of workers alone. */
interface InPlaceHandle {
  createSyncAccessHandle(): Promise<{
    truncate(size: number): void;
    write(chunk: Uint8Array<ArrayBuffer>, options: { at: number }): number;
    close(): void;
  }>;
}

/** In a worker: what is written is there at once, even if the tab dies. */
async function appendInPlace(handle: InPlaceHandle, from: number): Promise<Appender> {
  const access = await handle.createSyncAccessHandle();
  access.truncate(from);
  let at = from;
  return {
    async write(chunk) {
      try {
        at += access.write(chunk, { at });
        return true;
      } catch {
        return false;
      }
    },
    async close() {
      access.close();
    },
  };
}

async function appendAtClose(handle: FileSystemFileHandle, from: number): Promise<Appender> {
  const stream = await handle.createWritable({ keepExistingData: true });
  await stream.truncate(from);
  await stream.seek(from);
  return {
    write: (chunk) =>
      stream.write(chunk).then(
        () => true,
        () => false,
      ),
    // Without room the browser refuses only now; then there is simply nothing kept.
    close: () => stream.close().catch(() => undefined),
  };
}
