import { FOR_FILES, PoseClient } from '../client/pose.ts';
import type { Clip } from '../media/index.ts';
import { cleanTrack, fitTrack, type Pose, poseAt, type Sighting, type Track } from '../pose/index.ts';
import type { ClipChoice, Range } from './choices.ts';
import type { Settings } from './settings.ts';

export type { Sighting };

/** The pose model shrinks what it is given to 256 pixels: handing over more only costs time. */
const WATCH_SIDE = 640;
/** More looks a second than this do not make a smoother track. */
const MOST_LOOKS = 30;

const client = new PoseClient(FOR_FILES);

export const findPeople = (image: ImageBitmap): Promise<Pose[]> => client.find(image);

export const outlinePeople = (image: ImageBitmap) => client.outline(image);

/** Has the pose model ready before the first file comes. */
export const warmPoseModel = () => client.warm('image');

interface WatchOptions {
  readonly signal: AbortSignal;
  onProgress(share: number): void;
}

/** Looks for people in every frame of a part of a clip. Times are the clip's own. */
export async function watchClip(
  clip: Clip,
  range: Range,
  { signal, onProgress }: WatchOptions,
): Promise<Sighting[]> {
  await client.forget();
  const rate = clip.info.frameRate > MOST_LOOKS ? { frameRate: MOST_LOOKS } : {};
  const sightings: Sighting[] = [];
  for await (const frame of clip.frames({ ...range, ...rate, signal })) {
    const time = range.start + frame.time;
    const picture = await frame.bitmap({ maxSide: WATCH_SIDE });
    const shrunk = picture.width / clip.info.width;
    frame.close();
    const people = await client.follow(picture, time * 1000);
    sightings.push({ time, people: people.map((pose) => enlarge(pose, clip, shrunk)) });
    onProgress(Math.min(1, frame.time / (range.end - range.start)));
  }
  return sightings;
}

/** From the shrunk picture back to the clip's own pixels. */
function enlarge(pose: Pose, clip: Clip, shrunk: number): Pose {
  const { width, height } = clip.info;
  const joints = pose.joints.map((value, index) => (index % 3 === 2 ? value : value / shrunk));
  return { width, height, joints };
}

let lastTrack: { sightings: readonly Sighting[]; pointed: ClipChoice['pointed']; track: Track } | null = null;

/** The dancer's clean way through the watched part of the clip; null before anybody was looked for. */
export function clipTrack({ sightings, pointed }: Pick<ClipChoice, 'sightings' | 'pointed'>): Track | null {
  if (sightings.length === 0) return null;
  if (lastTrack?.sightings === sightings && lastTrack.pointed === pointed) return lastTrack.track;
  const { track } = cleanTrack(sightings, pointed ? { pick: pointed } : {});
  lastTrack = { sightings, pointed, track };
  return track;
}

/** The dancer at a time of the clip; null where nobody was looked for, or nobody found. */
export function trackedPose(clip: ClipChoice, time: number): Pose | null {
  const { watched } = clip;
  if (!watched || time < watched.start - 0.05 || time > watched.end + 0.05) return null;
  try {
    const track = clipTrack(clip);
    return track && poseAt(track, time);
  } catch {
    // That nobody is there is said once, under the clip, and not by every picture of it.
    return null;
  }
}

export function sightingAt(sightings: readonly Sighting[], time: number): Sighting | undefined {
  return sightings.findLast((sighting) => sighting.time <= time + 1e-3);
}

interface Fitting {
  readonly inputs: readonly unknown[];
  readonly track: Track;
  readonly warnings: readonly string[];
}

let lastFitting: Fitting | null = null;

/**
 * The dancer's poses at these times, on the body and in the place of the reference. The whole track is fitted before
 * its part is taken: a fit looks at all that it is given, so a shorter trim would otherwise move every pose a little,
 * and no frame that is done could be kept.
 */
export function fitMotion(
  track: Track,
  times: readonly number[],
  reference: Pose,
  { fit, mirror }: Pick<Settings, 'fit' | 'mirror'>,
): { poses: readonly Pose[]; warnings: readonly string[] } {
  const { width, height } = reference;
  const inputs = [track, fit, mirror, width, height, ...reference.joints];
  if (!lastFitting?.inputs.every((input, index) => input === inputs[index])) {
    const { poses, warnings } = fitTrack(track, reference, { mode: fit, mirrored: mirror });
    const fitted = { width, height, times: track.times, poses, gaps: track.gaps };
    lastFitting = { inputs, track: fitted, warnings: warnings.map(({ message }) => message) };
  }
  const fitting = lastFitting;
  return { poses: times.map((time) => poseAt(fitting.track, time)), warnings: fitting.warnings };
}
