/** The page's side of the import worker: one worker for each import, which ends with it. */
import { proxy } from 'comlink';
import type { ImportService } from '../../workers/import.worker.ts';
import { CancelledError } from '../errors.ts';
import type { ChosenFile } from '../pack/dropped.ts';
import { ImportDiedError } from '../pack/errors.ts';
import type { ImportResult } from '../pack/import.ts';
import { WorkerHandle } from './worker-handle.ts';
import './wire.ts';

export type { ChosenFile } from '../pack/dropped.ts';
export { chosenFiles } from '../pack/dropped.ts';
export type { ImportResult } from '../pack/import.ts';
export { type ImportedPack, listImported, removeHalves, removeImported } from '../pack/imported.ts';

/** Seconds without progress: reading and counting up a file of several GB is the longest step. */
const SILENT = 600;

/** Rejects with CancelledError when the signal comes; what was written until then goes with the next import. */
export function importWeights(
  chosen: readonly ChosenFile[],
  precision: 'f16' | 'int8',
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<ImportResult> {
  const worker = new WorkerHandle<ImportService>({
    start: () => new Worker(new URL('../../workers/import.worker.ts', import.meta.url), { type: 'module' }),
    died: (reason) => new ImportDiedError(reason),
  });
  const run = worker.ask((service, beat) => {
    const report = (done: number, total: number) => {
      beat();
      onProgress(done, total);
    };
    return service.importWeights(chosen, precision, proxy(report));
  }, SILENT);
  return new Promise<ImportResult>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new CancelledError()), { once: true });
    if (signal.aborted) reject(new CancelledError());
    run.then(resolve, reject);
  }).finally(() => worker.end('it has done its work.'));
}
