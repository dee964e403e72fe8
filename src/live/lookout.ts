/**
 * When to look for the person next. A look that is done just before the painter asks is as fresh as can be, and takes
 * nothing from the painting where one processor does both; one that comes late leaves the painter idle.
 */

/** How much earlier than it seems it must a look begins, in lengths of a look. */
const LEAST_LEAD = 1.25;
const MOST_LEAD = 3;
/** A painter who waited for more than this share of a frame has the next looks begin earlier. */
const LATE = 0.03;
const EARLIER = 1.2;
const CLOSER = 0.98;
/** A long look counts at once, a short one little by little: being early costs less than being late. */
const FORGETTING = 0.2;

export class Lookout {
  #lead = LEAST_LEAD;
  #lookMs = 0;

  looked(lookMs: number): void {
    this.#lookMs = Math.max(lookMs, this.#lookMs + (lookMs - this.#lookMs) * FORGETTING);
  }

  /** Between two frames the painter had to wait for a pose, or had not. */
  waited(waitMs: number, frameMs: number): void {
    const isLate = waitMs > LATE * frameMs;
    this.#lead = Math.min(MOST_LEAD, Math.max(LEAST_LEAD, this.#lead * (isLate ? EARLIER : CLOSER)));
  }

  /** When to begin for a frame that began then and takes about so long. */
  nextLook(paintingSince: number, frameMs: number): number {
    return paintingSince + frameMs - this.#lead * this.#lookMs;
  }
}
