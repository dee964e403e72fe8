/** How a clip is cut for a network that sees a few frames at once. */
export interface WindowOptions {
  /** Frames that the network sees at once. */
  readonly size: number;
  /** Frames that two windows in a row share. */
  readonly overlap: number;
  /** 'uniform' is AnimateAnyone's and goes round from the end to the beginning; 'sliding' ends with the clip. */
  readonly order: 'uniform' | 'sliding';
}

/** What the published motion modules were trained with, and AnimateAnyone's overlap. */
export const WINDOWS: WindowOptions = { size: 24, overlap: 4, order: 'sliding' };

/** A window: frames by number, in the order that the network sees them in. */
export type FrameWindow = readonly number[];

export function windowsOf(frames: number, { size, overlap, order }: WindowOptions): FrameWindow[] {
  if (frames <= size) return frames > 0 ? [range(0, frames)] : [];
  const advance = size - Math.min(overlap, size - 1);
  const starts: number[] = [];
  if (order === 'uniform') {
    for (let start = 0; start < frames; start += advance) starts.push(start);
  } else {
    for (let start = 0; start < frames - size; start += advance) starts.push(start);
    // The last one is whole too: a module sees less well in a short one.
    starts.push(frames - size);
  }
  return starts.map((start) => range(start, size).map((frame) => frame % frames));
}

const range = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i);

/** One thing to be done in denoising a clip. */
export type ClipTask =
  /** Predict for these frames, all of which have made `step` steps, and add to what other windows predicted. */
  | { readonly kind: 'predict'; readonly step: number; readonly window: FrameWindow }
  /** No other window of this step has the frame: take the step with the mean of `count` predictions. */
  | { readonly kind: 'step'; readonly step: number; readonly frame: number; readonly count: number }
  /** The frame is finished, and so are all before it. */
  | { readonly kind: 'finish'; readonly frame: number };

/**
 * The order in which a clip is denoised: at every step each frame is predicted by all windows that have it, and goes on
 * from the mean. A window at one step needs its neighbours at the step before, and nothing of those further on, so the
 * front of the work runs slantwise through clip and steps: frames come out as soon as no later window can change them,
 * and a clip's length does not tell how many are under way.
 */
export function* clipTasks(frames: number, steps: number, options: WindowOptions): Generator<ClipTask> {
  const windows = windowsOf(frames, options);
  const members = new Array<number>(frames).fill(0);
  const lastWindow = new Array<number>(frames).fill(0);
  for (const [i, window] of windows.entries()) {
    for (const frame of window) {
      members[frame] = (members[frame] as number) + 1;
      lastWindow[frame] = i;
    }
  }
  /** Windows that have been predicted, by step. */
  const predicted = new Array<number>(steps).fill(0);

  /** Predicts windows of the step before until the frame has made `made` steps. */
  function* bring(frame: number, made: number): Generator<ClipTask> {
    if (made === 0) return;
    const step = made - 1;
    while ((predicted[step] as number) <= (lastWindow[frame] as number)) {
      const i = predicted[step] as number;
      const window = windows[i] as FrameWindow;
      for (const each of window) yield* bring(each, step);
      yield { kind: 'predict', step, window };
      predicted[step] = i + 1;
      for (const each of window) {
        if (lastWindow[each] === i) yield { kind: 'step', step, frame: each, count: members[each] as number };
      }
    }
  }

  for (let frame = 0; frame < frames; frame++) {
    yield* bring(frame, steps);
    yield { kind: 'finish', frame };
  }
}
