/** How long work takes, from the most similar work that was done. */
export interface Work {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
}

export interface Pace extends Work {
  /** By the engine's own measure, late in a film: what compiles at its start is not in it. */
  readonly seconds: number;
}

const MOST_KEPT = 12;
/** What comes after the steps, in steps: decoding, and the photo's own detail. */
const REST = 2;
/** A guess for work that is so many times as much, or as little, would be none. */
const TOO_FAR = 8;

const amount = ({ width, height, steps }: Work): number => width * height * (steps + REST);
const isSame = (a: Work, b: Work): boolean =>
  a.width === b.width && a.height === b.height && a.steps === b.steps;

/** Seconds a frame of this work takes, from the most similar one that is known; null where none is near. */
export function expected(known: readonly Pace[], work: Work): number | null {
  const distance = (pace: Pace) => Math.abs(Math.log(amount(pace) / amount(work)));
  const [nearest] = known.toSorted((a, b) => distance(a) - distance(b));
  if (!nearest || distance(nearest) > Math.log(TOO_FAR)) return null;
  return nearest.seconds * (amount(work) / amount(nearest));
}

export function withPace(known: readonly Pace[], pace: Pace): readonly Pace[] {
  return [pace, ...known.filter((other) => !isSame(other, pace))].slice(0, MOST_KEPT);
}
