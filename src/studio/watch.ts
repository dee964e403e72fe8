import type { Clip } from '../media/index.ts';
import type { Pose, Sighting } from '../pose/index.ts';
import { untilAborted } from './latest.ts';
import type { PoseFinder, Range } from './sources.ts';

/** The pose model shrinks what it is given to 256 pixels: handing over more only costs time. */
const WATCH_SIDE = 640;
/** More looks a second than this do not make a smoother track. */
const MOST_LOOKS = 30;

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined;
  onProgress?: ((share: number) => void) | undefined;
}

/** Looks for people in every frame of a part of a clip. Times are the clip's own. */
export async function watchClip(
  finder: PoseFinder,
  clip: Clip,
  range: Range,
  { signal, onProgress }: WatchOptions,
): Promise<Sighting[]> {
  await finder.forget();
  const rate = clip.info.frameRate > MOST_LOOKS ? { frameRate: MOST_LOOKS } : {};
  const sightings: Sighting[] = [];
  for await (const frame of clip.frames({ ...range, ...rate, ...(signal && { signal }) })) {
    const time = range.start + frame.time;
    const picture = await frame.bitmap({ maxSide: WATCH_SIDE });
    const shrunk = picture.width / clip.info.width;
    frame.close();
    const people = await untilAborted(finder.follow(picture, time * 1000), signal);
    sightings.push({ time, people: people.map((pose) => enlarge(pose, clip, shrunk)) });
    onProgress?.(Math.min(1, frame.time / (range.end - range.start)));
  }
  return sightings;
}

/** From the shrunk picture back to the clip's own pixels. */
function enlarge(pose: Pose, clip: Clip, shrunk: number): Pose {
  const { width, height } = clip.info;
  const joints = pose.joints.map((value, index) => (index % 3 === 2 ? value : value / shrunk));
  return { width, height, joints };
}

export function sightingAt(sightings: readonly Sighting[], time: number): Sighting | undefined {
  return sightings.findLast((sighting) => sighting.time <= time + 1e-3);
}
