/** Opens packs for the browser test: in a worker, where the engine opens them, and on the page itself. */
import { toWire } from '../../src/errors.ts';
import { readWhole } from './pack-reading.ts';

export interface Reading {
  readonly sizes: Readonly<Record<string, number>>;
  readonly error?: { readonly name: string; readonly message: string };
}

declare global {
  interface Window {
    readInWorker(url: string): Promise<Reading>;
    readOnPage(url: string): Promise<Reading>;
    /** Names and sizes of what is kept. */
    kept(): Promise<Record<string, number>>;
  }
}

window.readInWorker = (url) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./pack.worker.ts', import.meta.url), { type: 'module' });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<Reading>) => {
      worker.terminate();
      resolve(data);
    };
    worker.postMessage(url);
  });

window.readOnPage = (url) => readWhole(url).catch((error: unknown) => ({ sizes: {}, error: toWire(error) }));

window.kept = async () => {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('packs', { create: true });
  const sizes: Record<string, number> = {};
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === 'file') sizes[name] = (await (handle as FileSystemFileHandle).getFile()).size;
  }
  return sizes;
};
