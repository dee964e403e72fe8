import { Bell } from './bell.ts';

/** Lets work pass, or holds it until it is opened again. */
export class Gate {
  readonly #opening = new Bell();
  #isOpen = true;

  close(): void {
    this.#isOpen = false;
  }

  open(): void {
    this.#isOpen = true;
    this.#opening.ring();
  }

  async passage(signal: AbortSignal): Promise<void> {
    while (!this.#isOpen && !signal.aborted) await this.#opening.next(signal);
  }
}
