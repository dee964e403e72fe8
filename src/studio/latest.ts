import { CancelledError } from '../errors.ts';

/**
 * The latest of several actions wins: a new one aborts the one before, and what comes too late sees that by its signal.
 */
export class Latest {
  #current: AbortController | null = null;

  /** Begins another action; whatever is under way is aborted. */
  begin(): AbortSignal {
    this.abort();
    this.#current = new AbortController();
    return this.#current.signal;
  }

  abort(): void {
    this.#current?.abort(new CancelledError());
    this.#current = null;
  }
}

/** A promise to be settled from outside; `Promise.withResolvers` is younger than some of the Nodes that this runs in. */
export interface Later {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

export function later(): Later {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Like the answer, or a rejection as soon as the signal comes; the work itself may go on unheard. */
export function untilAborted<T>(answer: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
