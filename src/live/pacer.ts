/** Holds a frame rate: spends what time there is on steps first, and gives up all steps but two before it gives up size. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Work {
  readonly size: Size;
  /** How often the network may be asked for one frame. */
  readonly evaluations: number;
}

export interface FrameCost {
  readonly evaluations: number;
  readonly denoiseMs: number;
  /** Decoding, drawing and the way there and back: what a frame costs however few its steps. */
  readonly restMs: number;
}

export interface Pace extends Work {
  /** False where even the least work is too much for the wanted rate. */
  readonly holds: boolean;
}

export const MOST_EVALUATIONS = 4;
/** One step alone makes a blur: a smaller picture of two is better, and one is for where there is no smaller. */
const FEWEST_GOOD = 2;
/** The share of a frame's time that may be planned for. */
const MARGIN = 0.92;
/** Growing again needs this much room to spare: without it the pace would swing to and fro. */
const ROOM_TO_GROW = 0.75;
/** Another size has the networks compiled anew, which takes seconds: not at the first slow frame, and not soon again. */
const FRAMES_BEFORE_RESIZING = 8;
const LONGEST_PATIENCE_MS = 5000;
const LEARNING = 0.25;

export class Pacer {
  #sizes: readonly Size[];
  #budgetMs: number;
  #at: number;
  #evaluations: number;
  #evaluationMs = 0;
  #restMs = 0;
  #frames = 0;
  #framesMs = 0;
  /** A size that turned out too slow is tried again only when the wanted rate changes. */
  #largest = 0;

  /** `sizes` from large to small; `start` is the index of the first one to try. */
  constructor(sizes: readonly Size[], frameRate: number, start: number) {
    this.#sizes = sizes;
    this.#budgetMs = 1000 / frameRate;
    this.#at = Math.min(start, sizes.length - 1);
    this.#evaluations = MOST_EVALUATIONS;
  }

  get pace(): Pace {
    const { size, evaluations } = this;
    const known = this.#frames > 0;
    return { size, evaluations, holds: !known || this.#cost(1) <= this.#budgetMs };
  }

  get size(): Size {
    return this.#sizes[this.#at] as Size;
  }

  get evaluations(): number {
    return this.#evaluations;
  }

  /** What a frame takes at the present pace, as far as is known. */
  get frameMs(): number {
    return this.#frames === 0 ? this.#budgetMs : this.#cost(this.#evaluations);
  }

  aimFor(frameRate: number): void {
    this.#budgetMs = 1000 / frameRate;
    this.#largest = 0;
    this.#choose();
  }

  /** Another reference may have another shape; the rung of the ladder stays. */
  reshape(sizes: readonly Size[]): void {
    this.#at = Math.min(this.#at, sizes.length - 1);
    this.#sizes = sizes;
  }

  /** What a frame at the present size has cost. A size's first frame compiles its networks: leave it out. */
  record({ evaluations, denoiseMs, restMs }: FrameCost): void {
    const learning = this.#frames === 0 ? 1 : LEARNING;
    this.#evaluationMs += (denoiseMs / evaluations - this.#evaluationMs) * learning;
    this.#restMs += (restMs - this.#restMs) * learning;
    this.#frames++;
    this.#framesMs += denoiseMs + restMs;
    this.#choose();
  }

  #cost(evaluations: number): number {
    return evaluations * this.#evaluationMs + this.#restMs;
  }

  #choose(): void {
    if (this.#frames === 0) return;
    const fits = Math.floor((MARGIN * this.#budgetMs - this.#restMs) / this.#evaluationMs);
    const wanted = Math.min(MOST_EVALUATIONS, Math.max(1, fits));
    // One more only with room to spare; fewer at once.
    const grows = this.#cost(this.#evaluations + 1) <= ROOM_TO_GROW * this.#budgetMs;
    if (wanted < this.#evaluations) this.#evaluations = wanted;
    else if (wanted > this.#evaluations && grows) this.#evaluations++;
    if (this.#frames >= FRAMES_BEFORE_RESIZING || this.#framesMs > LONGEST_PATIENCE_MS) this.#resize();
  }

  #resize(): void {
    const larger = this.#sizes[this.#at - 1];
    if (this.#cost(FEWEST_GOOD) > this.#budgetMs && this.#at < this.#sizes.length - 1) {
      this.#largest = this.#at + 1;
      this.#moveTo(this.#at + 1);
    } else if (larger && this.#at > this.#largest && this.#evaluations === MOST_EVALUATIONS) {
      // Work grows a little faster than the pixels do, where attention looks at all of them.
      const growth = (larger.width * larger.height) / (this.size.width * this.size.height);
      const needed = this.#cost(FEWEST_GOOD) * growth ** 1.15;
      if (needed <= ROOM_TO_GROW * this.#budgetMs) this.#moveTo(this.#at - 1);
    }
  }

  #moveTo(index: number): void {
    this.#at = index;
    this.#frames = 0;
    this.#framesMs = 0;
    this.#evaluations = FEWEST_GOOD;
  }
}
