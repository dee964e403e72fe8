/**
 * Looks for several people at little more than the price of one. Beside somebody who is followed, a second person is
 * only found by searching the whole picture, which costs more than following does. So while somebody is alone others
 * are sought now and then, and only once the answer is on its way.
 */
import type { PoseSource } from './picture.ts';
import type { Pose } from './types.ts';

type Look = (source: PoseSource, timeMs: number) => Pose[];

/** Somebody is alone when nobody else was seen for so long: a person who walks behind another has not left. */
const ALONE_AFTER_MS = 1000;

export class Company {
  readonly #followOne: Look;
  readonly #searchAll: Look;
  readonly #searchEveryMs: number;
  #isAlone = false;
  #searchedAt = Number.NEGATIVE_INFINITY;
  #companyAt = Number.NEGATIVE_INFINITY;
  #waiting: { readonly source: PoseSource; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  constructor(followOne: Look, searchAll: Look, searchEveryMs: number) {
    this.#followOne = followOne;
    this.#searchAll = searchAll;
    this.#searchEveryMs = searchEveryMs;
  }

  /** Everybody in the next picture, which is closed as soon as it is not needed any more. */
  look(source: PoseSource, timeMs: number): Pose[] {
    // Where looks follow each other without a pause, the search would wait for ever.
    const isOverdue = this.#dropWaiting();
    let isKept = false;
    try {
      const one = this.#isAlone && !isOverdue ? this.#followOne(source, timeMs) : [];
      if (one.length === 0) return this.#search(source, timeMs);
      isKept = timeMs - this.#searchedAt >= this.#searchEveryMs;
      if (isKept) this.#searchLater(source, timeMs);
      return one;
    } finally {
      if (!isKept) close(source);
    }
  }

  #search(source: PoseSource, timeMs: number): Pose[] {
    this.#isAlone = false;
    const people = this.#searchAll(source, timeMs);
    this.#searchedAt = timeMs;
    if (people.length > 1) this.#companyAt = timeMs;
    this.#isAlone = people.length === 1 && timeMs - this.#companyAt > ALONE_AFTER_MS;
    return people;
  }

  #searchLater(source: PoseSource, timeMs: number): void {
    const timer = setTimeout(() => {
      this.#waiting = undefined;
      try {
        this.#search(source, timeMs);
      } catch {
        // The next look searches too, and says what is wrong.
      } finally {
        close(source);
      }
    });
    this.#waiting = { source, timer };
  }

  #dropWaiting(): boolean {
    if (this.#waiting === undefined) return false;
    clearTimeout(this.#waiting.timer);
    close(this.#waiting.source);
    this.#waiting = undefined;
    return true;
  }
}

function close(source: PoseSource): void {
  if ('close' in source) source.close();
}
