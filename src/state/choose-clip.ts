import { CancelledError } from '../errors.ts';
import { MediaTimeoutError } from '../media/errors.ts';
import type { Clip, ClipInfo } from '../media/index.ts';
import { readTrack, trackToJson } from '../pose/index.ts';
import { type ClipChoice, type Range, type StripPicture, useChoices } from './choices.ts';
import { clipFingerprint } from './fingerprint.ts';
import { media, pageMedia } from './media.ts';
import { clipTrack, type Sighting, watchClip } from './people.ts';
import { problemOf } from './problem.ts';
import { evenStrip } from './strip.ts';

/** A first cut that is rendered in bearable time everywhere; the handles reach further. */
const FIRST_TRIM_SECONDS = 8;
export const LEAST_TRIM_SECONDS = 0.2;
const STRIP_PICTURES = 14;
const STRIP_HEIGHT = 96;
/** The strip is a help, not a need: a film of many pixels and few key frames must not be waited for. */
const STRIP_PATIENCE_MS = 6000;

let watching: AbortController | null = null;
let firstTrim: Range = { start: 0, end: FIRST_TRIM_SECONDS };
let posesTrim: Range | null = null;

/** The part of the next clips, or of poses without a clip, that is used until somebody moves the handles. */
export const setFirstTrim = (trim: Range): void => {
  firstTrim = trim;
  posesTrim = trim;
};

export interface ClipMemory {
  readonly trim: Range;
  readonly watched: Range;
  readonly sightings: readonly Sighting[];
  readonly pointed: ClipChoice['pointed'];
}

/** Opens a clip and follows its people. On a fault the clip that was there stays. */
export async function chooseClip(
  file: Blob,
  name: string,
  memory: Partial<ClipMemory> = {},
): Promise<boolean> {
  watching?.abort();
  const controller = new AbortController();
  watching = controller;
  useChoices.setState({ clipTask: { label: 'Opening the clip', share: null }, clipProblem: null });
  try {
    const { openClip } = await media();
    const clip = await openClip(file);
    const id = await clipFingerprint(file);
    const strip = await makeStrip(clip);
    if (controller.signal.aborted) {
      clip.close();
      return false;
    }
    const choice: ClipChoice = {
      id,
      name,
      file,
      clip,
      strip,
      trim: within(firstTrim, clip.info.duration),
      watched: null,
      sightings: [],
      pointed: null,
      ...memory,
    };
    // The people of the clip before do not fit the new one's pictures: both change at once.
    leaveClip();
    useChoices.setState({ clip: choice });
    await watchTrim(controller);
    const { clip: now, poses } = useChoices.getState();
    return now?.watched != null || poses !== null;
  } catch (error) {
    if (!controller.signal.aborted) useChoices.setState({ clipProblem: problemOf(error) });
    return false;
  } finally {
    if (watching === controller) useChoices.setState({ clipTask: null });
  }
}

/** As many pictures as it takes, evenly spread; where one could not be had in time, its neighbour stands in for it. */
async function makeStrip(clip: Clip): Promise<StripPicture[]> {
  const pictures: StripPicture[] = [];
  const signal = AbortSignal.timeout(STRIP_PATIENCE_MS);
  try {
    for await (const picture of clip.filmstrip({ count: STRIP_PICTURES, height: STRIP_HEIGHT, signal }))
      pictures.push(picture);
  } catch (error) {
    const isSlow = error instanceof CancelledError || error instanceof MediaTimeoutError;
    if (!isSlow) {
      clip.close();
      throw error;
    }
  }
  return evenStrip(pictures, STRIP_PICTURES, clip.info.duration);
}

/** Follows people through the part of the trim in which that was not done yet. */
async function watchTrim(controller: AbortController): Promise<void> {
  const before = useChoices.getState().clip;
  if (!before) return;
  const { clip, trim, watched } = before;
  if (useChoices.getState().poses) return;
  if (watched && watched.start <= trim.start && watched.end >= trim.end) return;
  // From afar, what lies between would have to be watched as well: in a long clip for minutes.
  const touches = watched && watched.start <= trim.end && watched.end >= trim.start;
  const range = touches
    ? { start: Math.min(watched.start, trim.start), end: Math.max(watched.end, trim.end) }
    : trim;
  useChoices.setState({ clipTask: { label: 'Following the dancer', share: 0 } });
  const sightings = await watchClip(clip, range, {
    signal: controller.signal,
    onProgress: (share) => {
      if (!controller.signal.aborted)
        useChoices.setState({ clipTask: { label: 'Following the dancer', share } });
    },
  });
  if (controller.signal.aborted) return;
  useChoices.setState(({ clip: now }) =>
    now?.id === before.id ? { clip: { ...now, watched: range, sightings } } : {},
  );
}

export function trimClip(trim: Range): void {
  const { clip } = useChoices.getState();
  if (clip) useChoices.setState({ clip: { ...clip, trim: within(trim, clip.clip.info.duration) } });
}

function within(trim: Range, duration: number): Range {
  const start = Math.max(0, Math.min(trim.start, duration - LEAST_TRIM_SECONDS));
  return { start, end: Math.min(duration, Math.max(trim.end, start + LEAST_TRIM_SECONDS)) };
}

/** Called when a handle is let go: looking for people while it moves would be wasted work. */
export async function finishTrim(): Promise<void> {
  watching?.abort();
  const controller = new AbortController();
  watching = controller;
  useChoices.setState({ clipProblem: null });
  try {
    await watchTrim(controller);
  } catch (error) {
    if (!controller.signal.aborted) useChoices.setState({ clipProblem: problemOf(error) });
  } finally {
    if (watching === controller) useChoices.setState({ clipTask: null });
  }
}

/** Follows whoever is nearest to this point of the clip's picture; null goes back to the one in the middle of it all. */
export function followPersonAt(pointed: ClipChoice['pointed']): void {
  useChoices.setState(({ clip }) => ({ clip: clip && { ...clip, pointed } }));
}

/** Takes the motion from a pose file; a clip that is there still gives its pictures, its trim and its sound. */
export async function choosePoses(file: Blob, name: string, filmed = openedClip()): Promise<boolean> {
  try {
    // OpenPose's files say neither the picture's size nor its rate: the clip that they were made from does.
    const { width, height, frameRate } = filmed ?? {};
    const size = width && height ? { size: { width, height } } : {};
    const track = readTrack(await file.text(), { ...size, ...(frameRate && { frameRate }) });
    useChoices.setState({ poses: { name, track, trim: posesTrim }, clipProblem: null });
    return true;
  } catch (error) {
    useChoices.setState({ clipProblem: problemOf(error) });
    return false;
  }
}

/** The dancer's poses as a file, to be used again here or elsewhere. */
export async function savePoses(): Promise<void> {
  try {
    const { clip } = useChoices.getState();
    const track = clip && clipTrack(clip);
    if (!track) return;
    const { download } = await pageMedia();
    download(new Blob([trackToJson(track)], { type: 'application/json' }), 'poses.json');
  } catch (error) {
    useChoices.setState({ clipProblem: problemOf(error) });
  }
}

const openedClip = (): ClipInfo | undefined => useChoices.getState().clip?.clip.info;

/** Goes back to what is seen in the clip. */
export async function forgetPoses(): Promise<void> {
  useChoices.setState({ poses: null });
  await finishTrim();
}

export const dismissClipProblem = (): void => useChoices.setState({ clipProblem: null });

function leaveClip(): void {
  const { clip } = useChoices.getState();
  if (!clip) return;
  clip.clip.close();
  for (const { image } of clip.strip) image.close();
}
