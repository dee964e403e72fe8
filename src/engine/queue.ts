import { CancelledError } from '../errors.ts';

/** Runs one job at a time, in the order they came. A job that fails fails alone. */
export class JobQueue {
  #last: Promise<unknown> = Promise.resolve();
  /** Those that wait, too; the one that runs first. */
  readonly #jobs = new Set<AbortController>();
  #running: { readonly controller: AbortController; readonly ended: Promise<unknown> } | undefined;

  run<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#jobs.add(controller);
    const result = this.#last.then(() => {
      controller.signal.throwIfAborted();
      const work = job(controller.signal);
      this.#running = { controller, ended: work.catch(() => undefined) };
      return work;
    });
    this.#last = result
      .catch(() => undefined)
      .finally(() => {
        this.#jobs.delete(controller);
        if (this.#running?.controller === controller) this.#running = undefined;
      });
    return result;
  }

  /** Aborts the job that runs now, if any, and resolves when it has stopped. */
  async cancel(): Promise<void> {
    const running = this.#running;
    running?.controller.abort(new CancelledError());
    await running?.ended;
  }

  /** Aborts all jobs, those that wait included. */
  cancelAll(): void {
    for (const controller of this.#jobs) controller.abort(new CancelledError());
  }
}
