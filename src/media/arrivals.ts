/**
 * The frames of a camera as they come, for a loop that may be slower: each time the newest, and nothing queues. Knows
 * nothing of pictures.
 */

/** As many gaps as tell a camera's rhythm from a hiccup, and as few as follow it when the light fades. */
const GAPS = 9;

export class Arrivals {
  readonly #gaps: number[] = [];
  #count = 0;
  #lastAt = Number.NaN;
  #fault: Error | undefined;
  #isOpen = true;
  #waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#isOpen;
  }

  arrive(): void {
    const now = performance.now();
    if (this.#count++ > 0) this.#gaps.push(now - this.#lastAt);
    if (this.#gaps.length > GAPS) this.#gaps.shift();
    this.#lastAt = now;
    this.#wake();
  }

  /** Nothing comes any more; whoever waits hears of the fault, if it is one. */
  end(fault?: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#fault = fault;
    this.#wake();
  }

  /**
   * Yields when a frame is there that was not given yet. `by` is the moment until which a fresher one is worth waiting
   * for: the last frame that can be expected before it is the one that is given.
   */
  async *newest({ signal, by = () => 0 }: { signal?: AbortSignal; by?: () => number }): AsyncGenerator<void> {
    const stop = () => this.#wake();
    signal?.addEventListener('abort', stop);
    const goesOn = () => this.#isOpen && !signal?.aborted;
    try {
      let given = 0;
      for (;;) {
        while (goesOn() && this.#count === given) await this.#change();
        while (goesOn() && this.#isFresherDue(by())) await this.#changeBefore(by());
        if (this.#fault && !signal?.aborted) throw this.#fault;
        if (!goesOn()) return;
        given = this.#count;
        yield;
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #isFresherDue(by: number): boolean {
    const gap = this.#gaps.toSorted((a, b) => a - b)[this.#gaps.length >> 1];
    return gap !== undefined && performance.now() < by && this.#lastAt + gap <= by;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #changeBefore(moment: number): Promise<void> {
    const timer = setTimeout(() => this.#wake(), moment - performance.now());
    await this.#change();
    clearTimeout(timer);
  }

  #wake(): void {
    const woken = this.#waiting;
    this.#waiting = [];
    for (const wake of woken) wake();
  }
}
