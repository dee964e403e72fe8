/** A machine in a time of its own: a clock that jumps from one thing to the next, a processor that its jobs share, a camera. */
import { vi } from 'vitest';
import { Arrivals } from '../../media/arrivals.ts';
import type { LiveFrames } from '../session.ts';

/** Numbers between 0 and 1 that look random and are the same in every run. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Takes the place of the clock and the timers; `vi.unstubAllGlobals` gives them back. */
export class Clock {
  readonly #timers = new Map<number, { readonly at: number; readonly ring: () => void }>();
  #now = 0;
  #id = 0;

  constructor() {
    vi.stubGlobal('performance', { now: () => this.#now });
    vi.stubGlobal('setTimeout', (ring: () => void, milliseconds = 0) => {
      this.#timers.set(++this.#id, { at: this.#now + Math.max(0, milliseconds), ring });
      return this.#id;
    });
    vi.stubGlobal('clearTimeout', (id: number) => this.#timers.delete(id));
  }

  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      // Whatever follows from the last ring comes before the next one.
      await new Promise((resolve) => setImmediate(resolve));
      let next: [number, { readonly at: number; readonly ring: () => void }] | undefined;
      for (const entry of this.#timers) if (next === undefined || entry[1].at < next[1].at) next = entry;
      if (next === undefined || next[1].at > end) break;
      this.#timers.delete(next[0]);
      this.#now = next[1].at;
      next[1].ring();
    }
    this.#now = end;
  }
}

/** Jobs that run alone take as long as they say; together, each goes on at `shared` of its speed. */
export class Processor {
  readonly #shared: number;
  readonly #jobs = new Set<{ left: number; readonly done: () => void }>();
  #since = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(shared: number) {
    this.#shared = shared;
  }

  run(milliseconds: number): Promise<void> {
    this.#goOn();
    return new Promise((done) => {
      this.#jobs.add({ left: milliseconds, done });
      this.#plan();
    });
  }

  get #speed(): number {
    return this.#jobs.size > 1 ? this.#shared : 1;
  }

  #goOn(): void {
    const now = performance.now();
    for (const job of this.#jobs) job.left -= (now - this.#since) * this.#speed;
    this.#since = now;
  }

  #plan(): void {
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#jobs].map(({ left }) => left));
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      this.#goOn();
      for (const job of this.#jobs) {
        if (job.left > 0.5) continue;
        this.#jobs.delete(job);
        job.done();
      }
      this.#plan();
    }, next / this.#speed);
  }
}

/** A camera whose frames come a little unevenly, and are `delayMs` old by then. */
export function cameraOf({ gapMs = 33.3, jitterMs = 4, delayMs = 2, random = randomFrom(5) }): LiveFrames {
  const arrivals = new Arrivals();
  let takenAt = 0;
  const began = performance.now();
  let count = 0;
  const plan = () => {
    const due = began + ++count * gapMs + (random() - 0.5) * jitterMs;
    setTimeout(() => {
      takenAt = performance.now() - delayMs;
      arrivals.arrive();
      plan();
    }, due - performance.now());
  };
  plan();
  return {
    async *frames(options) {
      for await (const _ of arrivals.newest(options)) {
        yield { image: { width: 256, height: 256, close() {} } as unknown as ImageBitmap, takenAt };
      }
    },
  };
}
