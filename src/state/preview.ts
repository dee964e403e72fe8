import { create } from 'zustand';
import { type Choices, useChoices } from './choices.ts';
import { type Motion, planMotion } from './plan.ts';
import { clipTrack } from './people.ts';
import { type Problem, problemOf } from './problem.ts';

/** Where the clip's preview stands, in seconds of the clip. */
export interface Preview {
  readonly time: number;
  readonly playing: boolean;
  /** Bumped when somebody asks for another place, which the video then follows. */
  readonly seek: number;
}

export const usePreview = create<Preview>(() => ({
  time: 0,
  playing: !matchMedia('(prefers-reduced-motion: reduce)').matches,
  seek: 0,
}));

export function seekPreview(time: number): void {
  usePreview.setState(({ seek }) => ({ time, seek: seek + 1 }));
}

export const playPreview = (playing: boolean): void => usePreview.setState({ playing });

export interface PlannedMotion {
  readonly motion: Motion | null;
  readonly problem: Problem | null;
}

const NOTHING: PlannedMotion = { motion: null, problem: null };

type Inputs = readonly [unknown, unknown, unknown, unknown, unknown, unknown, unknown];
let lastInputs: Inputs | null = null;
let last: PlannedMotion = NOTHING;

/** The motion that the present choices give; worked out once for each change of them. */
export function plannedMotion({ photos, clip, settings, pack }: Choices): PlannedMotion {
  const [photo] = photos;
  if (!photo || !clip) return NOTHING;
  const { trim, watched, sightings, pointed } = clip;
  if (!watched || watched.start > trim.start || watched.end < trim.end) return NOTHING;
  const inputs: Inputs = [photo.pose, trim, watched, sightings, pointed, settings, pack.size];
  if (lastInputs?.every((input, index) => input === inputs[index])) return last;
  lastInputs = inputs;
  try {
    const track = clipTrack(clip);
    const source = track && { track, trim, frameRate: clip.clip.info.frameRate };
    last = { motion: source && planMotion(photo, source, settings, pack.size), problem: null };
  } catch (error) {
    last = { motion: null, problem: problemOf(error) };
  }
  return last;
}

export const useMotion = (): PlannedMotion => useChoices(plannedMotion);
