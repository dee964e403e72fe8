/** The page's side of the import worker: one worker for each import, which ends with it. */
import * as Comlink from 'comlink';
import type { ImportService } from '../../workers/import.worker.ts';
import { CancelledError } from '../errors.ts';
import type { ChosenFile } from '../pack/dropped.ts';
import { ImportDiedError } from '../pack/errors.ts';
import type { ImportResult } from '../pack/import.ts';
import './wire.ts';

export type { ChosenFile } from '../pack/dropped.ts';
export { chosenFiles } from '../pack/dropped.ts';
export type { ImportResult } from '../pack/import.ts';
export { type ImportedPack, listImported, removeHalves, removeImported } from '../pack/imported.ts';

/** Rejects with CancelledError when the signal comes; what was written until then goes with the next import. */
export function importWeights(
  chosen: readonly ChosenFile[],
  precision: 'f16' | 'int8',
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<ImportResult> {
  const worker = new Worker(new URL('../../workers/import.worker.ts', import.meta.url), { type: 'module' });
  const { importWeights: run } = Comlink.wrap<ImportService>(worker);
  return new Promise<ImportResult>((resolve, reject) => {
    worker.addEventListener('error', ({ message }) =>
      reject(new ImportDiedError(message || 'its code could not be started')),
    );
    signal.addEventListener('abort', () => reject(new CancelledError()));
    run(chosen, precision, Comlink.proxy(onProgress)).then(resolve, reject);
  }).finally(() => worker.terminate());
}
