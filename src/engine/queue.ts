import { CancelledError } from '../errors.ts';

/** Runs one job at a time, in the order they came. A job that fails fails alone. */
export class JobQueue {
  #last: Promise<unknown> = Promise.resolve();
  #running: AbortController | undefined;

  run<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#start(job));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Aborts the job that runs now, if any, and resolves when it has stopped. */
  async cancel(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.abort(new CancelledError());
    await new Promise<void>((resolve) => running.signal.addEventListener('stopped', () => resolve()));
  }

  async #start<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#running = controller;
    try {
      return await job(controller.signal);
    } finally {
      this.#running = undefined;
      controller.signal.dispatchEvent(new Event('stopped'));
    }
  }
}
