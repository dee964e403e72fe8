import { Bell } from './bell.ts';

/** A place for one thing: what is put in replaces what lies there, so nothing ever queues. */
export class Newest<T> {
  readonly #arrival = new Bell();
  readonly #departure = new Bell();
  #item: T | undefined;

  put(item: T): void {
    this.#item = item;
    this.#arrival.ring();
  }

  clear(): void {
    this.#item = undefined;
    this.#departure.ring();
  }

  /** Resolves when nothing lies here any more, or the signal aborts. */
  async emptied(signal: AbortSignal): Promise<void> {
    while (this.#item !== undefined && !signal.aborted) await this.#departure.next(signal);
  }

  /** The newest, once there is one; undefined when the signal says that nothing more is wanted. */
  async take(signal: AbortSignal): Promise<T | undefined> {
    while (this.#item === undefined && !signal.aborted) await this.#arrival.next(signal);
    if (signal.aborted) return undefined;
    const item = this.#item;
    this.clear();
    return item;
  }
}
