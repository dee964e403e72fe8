import { create } from 'zustand';
import { TooLittleSeenError } from '../pose/errors.ts';
import { type Pose, poseAt } from '../pose/index.ts';
import { framePose } from '../studio/framing.ts';
import type { Motion } from '../studio/index.ts';
import { type Choices, type ClipChoice, danceOf, useChoices } from './choices.ts';
import { type Problem, problemOf } from './problem.ts';
import { studio } from './studio.ts';

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

/** Joints that are just being moved: shown at once, and planned with when they are let go. */
export interface Draft {
  readonly photo: string;
  readonly pose: Pose;
}

export const useDraft = create<{ readonly draft: Draft | null }>(() => ({ draft: null }));

/** The dance at one moment on joints that are just being moved; null where that cannot be said yet. */
export function glimpseOf({ pose }: Draft, { framing, size }: Motion, time: number): Pose | null {
  const choices = useChoices.getState();
  try {
    return studio.planner.glimpse(framePose(pose, framing, size), danceOf(choices), choices.settings, time);
  } catch {
    // Said when the joints are let go.
    return null;
  }
}

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
    const dance = danceOf({ clip, poses });
    last = { ...NOTHING, motion: studio.planner.motion(photo.pose, dance, settings, pack.size) };
  } catch (error) {
    const isPhotos = error instanceof TooLittleSeenError && error.where === 'photo';
    last = { motion: null, problem: problemOf(error), isPhotos };
  }
  return last;
}

/** The dancer at a time of the clip; null where nobody was looked for, or nobody found. */
export function trackedPose(clip: ClipChoice, time: number): Pose | null {
  const { watched } = clip;
  if (!watched || time < watched.start - 0.05 || time > watched.end + 0.05) return null;
  try {
    const track = studio.planner.track(clip);
    return track && poseAt(track, time);
  } catch {
    // That nobody is there is said once, under the clip, and not by every picture of it.
    return null;
  }
}

export const useMotion = (): PlannedMotion => useChoices(plannedMotion);
