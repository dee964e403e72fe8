/** Hands the chosen weights to a worker, which makes a pack of them and opens it. */
import type { ErrorOnTheWire } from '../../src/errors.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';

export type Imported =
  | { readonly manifest: PackManifest; readonly readBytes: number }
  | { readonly error: ErrorOnTheWire };

declare global {
  interface Window {
    importChosen(): Promise<Imported>;
  }
}

window.importChosen = () =>
  new Promise((resolve, reject) => {
    const files = [...((document.querySelector('input') as HTMLInputElement).files ?? [])];
    const worker = new Worker(new URL('./import.worker.ts', import.meta.url), { type: 'module' });
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }: MessageEvent<Imported>) => {
      worker.terminate();
      resolve(data);
    };
    worker.postMessage(files);
  });
