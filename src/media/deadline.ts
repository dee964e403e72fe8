import { MediaTimeoutError } from './errors.ts';

/** Seconds without progress after which a step counts as stuck. */
export const PATIENCE = 8;

/** Waits for one step, but not for ever: decoders fed with damaged files sometimes never answer. */
export function within<T>(doing: string, step: Promise<T>, seconds = PATIENCE): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new MediaTimeoutError(doing)), seconds * 1000);
    step.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
