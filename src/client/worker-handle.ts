/**
 * The page's hold on a worker: it starts with the first question, and again after it has died. A worker that died, or
 * that hangs, answers nothing: so whatever waits is rejected when it ends, and no question waits for ever.
 */
import { type Remote, wrap } from 'comlink';

/** Starts the count of a question's seconds anew: a sign of life from long work. */
export type Beat = () => void;

/** `seconds` is how long the worker may be silent before it counts as hung and is ended. */
export type Ask<Service> = <T>(
  question: (service: Remote<Service>, beat: Beat) => Promise<T>,
  seconds: number,
) => Promise<T>;

export interface WorkerKind<Service> {
  /** Makes the worker. Bundlers find its file only where `new Worker(new URL(...))` is written out. */
  readonly start: () => Worker;
  /** Readies a worker that has just started. Whatever else is asked waits for it; if it fails, the worker ends. */
  readonly prepare?: (ask: Ask<Service>) => Promise<unknown>;
  /** What those who wait are told when the worker ends; `reason` goes on from a colon and ends with a full stop. */
  readonly died: (reason: string) => Error;
  /** Whether an answer shows that the worker is broken. It is then ended, and the next question finds a new one. */
  readonly isFatal?: (error: unknown) => boolean;
}

interface Waiting {
  readonly reject: (reason: Error) => void;
  readonly seconds: number;
  left: number;
}

interface Running<Service> {
  readonly ask: Ask<Service>;
  readonly ready: Promise<unknown>;
  end(reason: string): void;
}

export class WorkerHandle<Service> {
  readonly #kind: WorkerKind<Service>;
  #running: Running<Service> | undefined;

  constructor(kind: WorkerKind<Service>) {
    this.#kind = kind;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  readonly ask: Ask<Service> = async (question, seconds) => {
    this.#running ??= this.#start();
    const running = this.#running;
    await running.ready;
    return running.ask(question, seconds);
  };

  /** Stops the worker and rejects what waits for it. The next question starts a new one. */
  end(reason: string): void {
    this.#running?.end(reason);
  }

  #start(): Running<Service> {
    const worker = this.#kind.start();
    const service = wrap<Service>(worker);
    // Not one promise to race against: it would keep every answer that ever raced it.
    const waiting = new Set<Waiting>();
    let clock: ReturnType<typeof setInterval> | undefined;
    let ended: Error | undefined;

    const end = (reason: string) => {
      if (ended) return;
      ended = this.#kind.died(reason);
      worker.terminate();
      clearInterval(clock);
      if (this.#running === running) this.#running = undefined;
      for (const { reject } of waiting) reject(ended);
      waiting.clear();
    };
    /** Counted second by second: a computer that slept in between has not waited all that time. */
    const tick = () => {
      for (const wait of waiting) wait.left--;
      const silent = [...waiting].find(({ left }) => left <= 0);
      if (silent) end(`it gave no answer for ${silent.seconds} seconds.`);
    };
    const ask: Ask<Service> = (question, seconds) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const wait: Waiting = { reject, seconds, left: seconds };
        const settle = () => {
          waiting.delete(wait);
          if (waiting.size > 0) return;
          clearInterval(clock);
          clock = undefined;
        };
        waiting.add(wait);
        clock ??= setInterval(tick, 1000);
        const beat = () => {
          wait.left = seconds;
        };
        Promise.resolve(question(service, beat)).then(
          (answer) => {
            settle();
            resolve(answer);
          },
          (error) => {
            settle();
            reject(error);
            if (this.#kind.isFatal?.(error)) end('it failed at its last task.');
          },
        );
      });

    worker.addEventListener('error', ({ message }) => end(message || 'its code could not be started.'));
    worker.addEventListener('messageerror', () => end('a message could not be read.'));
    const ready = this.#kind.prepare?.(ask) ?? Promise.resolve();
    ready.catch(() => end('it could not be made ready.'));
    const running: Running<Service> = { ask, ready, end };
    return running;
  }
}
