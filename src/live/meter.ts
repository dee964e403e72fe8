import type { PaintedFrame } from './session.ts';

export interface LiveFigures {
  readonly framesPerSecond: number;
  readonly latencyMs: number;
  readonly poseMs: number;
  readonly denoiseMs: number;
  readonly decodeMs: number;
}

/** Long enough for a steady number, short enough to follow a change. */
const WINDOW_MS = 3000;
const LEAST_FRAMES = 4;

/** What the last seconds of a session were like. */
export class LiveMeter {
  #frames: { readonly at: number; readonly frame: PaintedFrame }[] = [];

  add(at: number, frame: PaintedFrame): void {
    // What came before it belongs to another size or another person.
    if (frame.isSettling) {
      this.forget();
      return;
    }
    this.#frames.push({ at, frame });
    const recent = this.#frames.filter((one) => at - one.at <= WINDOW_MS);
    this.#frames = recent.length >= LEAST_FRAMES ? recent : this.#frames.slice(-LEAST_FRAMES);
  }

  /** After a rest or a pause: the time in which nothing was painted says nothing of the pace. */
  forget(): void {
    this.#frames = [];
  }

  /** Null before two frames have followed each other. */
  get figures(): LiveFigures | null {
    const [first, last] = [this.#frames[0], this.#frames.at(-1)];
    if (!first || !last || this.#frames.length < 2) return null;
    const of = (value: (frame: PaintedFrame) => number) =>
      median(this.#frames.map(({ frame }) => value(frame)));
    return {
      framesPerSecond: ((this.#frames.length - 1) * 1000) / (last.at - first.at),
      latencyMs: of(({ latencyMs }) => latencyMs),
      poseMs: of(({ poseMs }) => poseMs),
      denoiseMs: of(({ denoiseMs }) => denoiseMs),
      decodeMs: of(({ decodeMs }) => decodeMs),
    };
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
