/**
 * When to look for the person next. A look that is done just as the painter asks is as fresh as can be, and takes
 * nothing from the painting where one processor does both. One that comes late leaves the painter idle, but its pose
 * is no older for that: a little waiting, now and then, is worth more than a margin before every frame.
 */
import { median } from './meter.ts';

/** The share of its time that the painter may wait. */
const MAY_WAIT = 0.03;
/** How far one frame's wait moves the next looks, and the most that one frame has to say. */
const LEARNING = 0.3;
const MOST_HEARD = 0.25;
/** In lengths of a frame, before and after the moment that seems right. */
const EARLIEST = 0.5;
const LATEST = -0.2;
/** Where looks cannot keep up, they follow each other at once; but a fresher frame is worth this share of a frame. */
const WORTH_WAITING = 0.15;
/** Enough looks to tell their usual length from a hiccup. */
const REMEMBERED = 9;

export class Lookout {
  readonly #looks: number[] = [];
  #lead = 0;
  #isBehind = false;
  #lookingSince: number | undefined;

  /** How long a look takes as a rule. */
  get lookMs(): number {
    return this.#looks.length === 0 ? 0 : median(this.#looks);
  }

  /** What remains of the look that is under way, if one is. */
  get remainingMs(): number {
    return this.#lookingSince === undefined ? 0 : this.#lookingSince + this.lookMs - performance.now();
  }

  begin(): void {
    this.#lookingSince = performance.now();
  }

  end(): void {
    if (this.#lookingSince === undefined) return;
    this.#looks.push(performance.now() - this.#lookingSince);
    if (this.#looks.length > REMEMBERED) this.#looks.shift();
    this.#lookingSince = undefined;
  }

  /** So long the painter had to wait for a pose, or would have had to for a fresher one than the one that lay there. */
  waited(waitMs: number, frameMs: number): void {
    const over = Math.min(MOST_HEARD, waitMs / frameMs) - MAY_WAIT;
    // Whoever began as soon as they could has nothing to learn from being late.
    if (over > 0 && this.#isBehind) return;
    this.#lead = Math.min(EARLIEST, Math.max(LATEST, this.#lead + LEARNING * over));
  }

  /** When to begin, so as to be done just in time for a painter who began then and takes about so long. */
  wanted(paintingSince: number, frameMs: number): number {
    return paintingSince + frameMs * (1 - this.#lead) - this.lookMs;
  }

  /** The same, or as soon after as can be: until then a fresher camera frame is worth waiting for. */
  lookBy(paintingSince: number, frameMs: number): number {
    const wanted = this.wanted(paintingSince, frameMs);
    const soonest = performance.now() + frameMs * WORTH_WAITING;
    this.#isBehind = wanted < soonest;
    return Math.max(wanted, soonest);
  }
}
