import { create } from 'zustand';
import { describeReference } from '../pose/bodies.ts';
import { TooLittleSeenError } from '../pose/errors.ts';
import type { Track } from '../pose/index.ts';
import { type Choices, useChoices } from './choices.ts';
import { clipTrack } from './people.ts';
import { type Motion, type MotionSource, planMotion } from './plan.ts';
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
  /** Whether it is the photo that cannot be used, and not the dance. */
  readonly isPhotos: boolean;
}

const NOTHING: PlannedMotion = { motion: null, problem: null, isPhotos: false };

type Inputs = readonly unknown[];
let lastInputs: Inputs | null = null;
let last: PlannedMotion = NOTHING;

/** The motion that the present choices give; worked out once for each change of them. */
export function plannedMotion({ photos, clip, poses, settings, pack }: Choices): PlannedMotion {
  const [photo] = photos;
  if (!photo) return NOTHING;
  const { fit, mirror, aspect, size, width, height, quality, frameRate } = settings;
  const inputs: Inputs = [
    ...[photo.pose, clip?.trim, clip?.watched, clip?.sightings, clip?.pointed, poses, pack.size],
    ...[fit, mirror, aspect, size, width, height, quality, frameRate],
  ];
  if (lastInputs?.every((input, index) => input === inputs[index])) return last;
  lastInputs = inputs;
  try {
    // Said before a dance is chosen, and where the photo is.
    if (fit === 'fitted') describeReference(photo.pose);
    const source = motionSource(clip, poses);
    last = { ...NOTHING, motion: source && planMotion(photo, source, settings, pack.size) };
  } catch (error) {
    const isPhotos = error instanceof TooLittleSeenError && error.where === 'photo';
    last = { motion: null, problem: problemOf(error), isPhotos };
  }
  return last;
}

function motionSource(clip: Choices['clip'], poses: Choices['poses']): MotionSource | null {
  if (poses) {
    const { track, trim } = poses;
    const frameRate = trackRate(track);
    const end = (track.times.at(-1) ?? 0) + 1 / frameRate;
    const whole = { start: trim?.start ?? 0, end: Math.min(trim?.end ?? end, end) };
    return { track, frameRate, trim: clip?.trim ?? whole };
  }
  if (!clip) return null;
  const { trim, watched } = clip;
  if (!watched || watched.start > trim.start || watched.end < trim.end) return null;
  const track = clipTrack(clip);
  return track && { track, trim, frameRate: clip.clip.info.frameRate };
}

/** Frames a second of a track that does not say. */
function trackRate({ times }: Track): number {
  const seconds = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return seconds > 0 ? (times.length - 1) / seconds : 25;
}

export const useMotion = (): PlannedMotion => useChoices(plannedMotion);
