/** The One-Euro filter: steady where a joint rests, quick where it moves. */
export interface OneEuroSettings {
  /** Hz: how firmly a resting value is held. */
  readonly restCutoff: number;
  /** Hz for each unit a second: how far movement opens the filter. */
  readonly opening: number;
  /** Hz: how firmly the speed itself is smoothed. */
  readonly speedCutoff: number;
}

export class OneEuro {
  private last: { readonly time: number; readonly value: number; readonly speed: number } | undefined;

  constructor(private readonly settings: OneEuroSettings) {}

  /** `unit` is the size in which speed is counted, so that near and far people are smoothed alike. */
  next(time: number, value: number, unit: number): number {
    const { last, settings } = this;
    if (last === undefined || time <= last.time) {
      this.last = { time, value, speed: 0 };
      return value;
    }
    const step = time - last.time;
    const rawSpeed = (value - last.value) / step / unit;
    const speed = mix(last.speed, rawSpeed, share(settings.speedCutoff, step));
    const cutoff = settings.restCutoff + settings.opening * Math.abs(speed);
    const smooth = mix(last.value, value, share(cutoff, step));
    this.last = { time, value: smooth, speed };
    return smooth;
  }

  forget(): void {
    this.last = undefined;
  }
}

const mix = (from: number, to: number, part: number) => from + (to - from) * part;

/** How much of a new value a low-pass filter of this cutoff lets through after a step of this length. */
function share(cutoff: number, step: number): number {
  const turn = 2 * Math.PI * cutoff * step;
  return turn / (turn + 1);
}
