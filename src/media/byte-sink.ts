import { PirouetteError } from '../errors.ts';
import { FileAccessError, StorageFullError } from './errors.ts';

/** Results larger than this move from memory into a temporary file. */
const MEMORY_LIMIT = 48e6;
const TEMPORARY_FOLDER = 'unsaved-results';

/**
 * Where a result's bytes go: a file that the person chose, or memory and, once they are many, a temporary file of the
 * browser's own storage, so that a ten-minute film needs no ten-minute memory. Writes may come at any position.
 */
export class ByteSink {
  #memory = new Uint8Array(1 << 20);
  #size = 0;
  #file: FileSystemFileHandle | null;
  #writable: FileSystemWritableFileStream | null = null;
  #temporaryName: string | null = null;
  #queue: Promise<void> = Promise.resolve();

  constructor(to?: FileSystemFileHandle) {
    this.#file = to ?? null;
  }

  /** Bytes up to the furthest one written. */
  get size(): number {
    return this.#size;
  }

  /** Resolves when the bytes are taken; they may be reused afterwards. */
  write(bytes: Uint8Array, position = this.#size): Promise<void> {
    this.#size = Math.max(this.#size, position + bytes.length);
    const written = this.#queue.then(() => this.#put(bytes, position));
    // A failed write is its caller's to hear of; the queue itself goes on.
    this.#queue = written.catch(() => {});
    return written;
  }

  async finish(type: string): Promise<Blob> {
    await this.#queue;
    if (this.#file === null) {
      return new Blob([this.#memory.subarray(0, this.#size)], { type });
    }
    const file = this.#file;
    return guarded(async () => {
      await this.#open(file);
      await this.#writable?.close();
      // A slice carries the type without a copy.
      const written = await file.getFile();
      return written.slice(0, written.size, type);
    });
  }

  async discard(): Promise<void> {
    await this.#queue;
    this.#memory = new Uint8Array(0);
    await this.#writable?.abort().catch(() => {});
    if (this.#temporaryName === null) return;
    const folder = await temporaryFolder();
    await folder?.removeEntry(this.#temporaryName).catch(() => {});
  }

  async #put(bytes: Uint8Array, position: number): Promise<void> {
    if (this.#file === null && this.#size > MEMORY_LIMIT) await this.#moveToFile();
    if (this.#file !== null) {
      const file = this.#file;
      await guarded(async () => {
        const writable = await this.#open(file);
        await writable.write({ type: 'write', position, data: bytes as Uint8Array<ArrayBuffer> });
      });
      return;
    }
    const end = position + bytes.length;
    if (end > this.#memory.length) {
      const larger = new Uint8Array(Math.max(end, this.#memory.length * 2));
      larger.set(this.#memory);
      this.#memory = larger;
    }
    this.#memory.set(bytes, position);
  }

  async #open(file: FileSystemFileHandle): Promise<FileSystemWritableFileStream> {
    this.#writable ??= await file.createWritable();
    return this.#writable;
  }

  async #moveToFile(): Promise<void> {
    const folder = await temporaryFolder();
    // Without such storage everything stays in memory.
    if (folder === null) return;
    this.#temporaryName = crypto.randomUUID();
    const name = this.#temporaryName;
    await guarded(async () => {
      const file = await folder.getFileHandle(name, { create: true });
      await (await this.#open(file)).write({ type: 'write', position: 0, data: this.#memory });
      this.#file = file;
    });
    this.#memory = new Uint8Array(0);
  }
}

async function guarded<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof PirouetteError) throw error;
    if (error instanceof DOMException && error.name === 'QuotaExceededError') {
      throw new StorageFullError({ cause: error });
    }
    throw new FileAccessError({ cause: error });
  }
}

async function temporaryFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(TEMPORARY_FOLDER, { create: true });
  } catch {
    return null;
  }
}

/** Deletes the temporary files of results; those that are still shown can no longer be read afterwards. */
export async function forgetTemporaryFiles(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(TEMPORARY_FOLDER, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
  });
}
