import { CancelledError } from '../errors.ts';
import { MediaTimeoutError } from '../media/errors.ts';
import type { Clip, ClipInfo } from '../media/index.ts';
import { readTrack, type Sighting, trackToJson } from '../pose/index.ts';
import { clipFingerprint, Latest, type Range, watchClip } from '../studio/index.ts';
import { type ClipChoice, type PosesChoice, type StripPicture, useChoices } from './choices.ts';
import { media, pageMedia } from './media.ts';
import { problemOf } from './problem.ts';
import { evenStrip } from './strip.ts';
import { studio } from './studio.ts';
import { retire } from './undo.ts';

/** A first cut that is rendered in bearable time everywhere; the handles reach further. */
const FIRST_TRIM_SECONDS = 8;
export const LEAST_TRIM_SECONDS = 0.2;
const STRIP_PICTURES = 14;
const STRIP_HEIGHT = 96;
/** The strip is a help, not a need: a film of many pixels and few key frames must not be waited for. */
const STRIP_PATIENCE_MS = 6000;

/** Another clip that is being opened; and, of the one that is there, a part that is being looked through. */
const opening = new Latest();
const watching = new Latest();
let isOpening = false;

let firstTrim: Range = { start: 0, end: FIRST_TRIM_SECONDS };
let posesTrim: Range | null = null;

/** The part of the next clips, or of poses without a clip, that is used until somebody moves the handles. */
export const setFirstTrim = (trim: Range): void => {
  firstTrim = trim;
  posesTrim = trim;
};

export interface ClipMemory {
  readonly trim: Range;
  readonly watched: Range | null;
  readonly sightings: readonly Sighting[];
  readonly pointed: ClipChoice['pointed'];
}

/** A file that has to be fetched first, with what was seen in it before. */
export type BringClip = (
  signal: AbortSignal,
) => Promise<{ readonly file: Blob; readonly memory?: Partial<ClipMemory> | undefined }>;

/** Opens a clip and follows its people. On a fault the clip that was there stays. */
export async function chooseClip(
  source: Blob | BringClip,
  name: string,
  known: Partial<ClipMemory> = {},
): Promise<boolean> {
  const signal = opening.begin();
  watching.abort();
  isOpening = true;
  useChoices.setState({ clipTask: { label: 'Opening the clip', share: null }, clipProblem: null });
  try {
    const { file, memory = known } =
      source instanceof Blob ? { file: source, memory: known } : await source(signal);
    signal.throwIfAborted();
    const choice = await openChoice(file, name, memory, signal);
    // The people of the clip before do not fit the new one's pictures: both change at once.
    putClip(choice);
  } catch (error) {
    if (signal.aborted) return false;
    useChoices.setState({ clipProblem: problemOf(error), clipTask: null });
    isOpening = false;
    // What was being looked through when this one came is still needed.
    if (useChoices.getState().clip) await lookThroughTrim();
    return false;
  }
  isOpening = false;
  await lookThroughTrim();
  const { clip: now, poses } = useChoices.getState();
  return !signal.aborted && (now?.watched != null || poses !== null);
}

async function openChoice(
  file: Blob,
  name: string,
  memory: Partial<ClipMemory>,
  signal: AbortSignal,
): Promise<ClipChoice> {
  const { openClip } = await media();
  const clip = await openClip(file);
  try {
    signal.throwIfAborted();
    const id = await clipFingerprint(file);
    const strip = await makeStrip(clip, signal);
    const { duration, frameRate, sound } = clip.info;
    return {
      ...{ id, name, file, clip, strip, frameRate, hasSound: sound !== null },
      ...{ trim: within(firstTrim, duration), watched: null, sightings: [], pointed: null },
      ...memory,
    };
  } catch (error) {
    clip.close();
    throw error;
  }
}

/** As many pictures as it takes, evenly spread; where one could not be had in time, its neighbour stands in for it. */
async function makeStrip(clip: Clip, signal: AbortSignal): Promise<StripPicture[]> {
  const pictures: StripPicture[] = [];
  const patience = AbortSignal.any([signal, AbortSignal.timeout(STRIP_PATIENCE_MS)]);
  try {
    for await (const picture of clip.filmstrip({
      ...{ count: STRIP_PICTURES, height: STRIP_HEIGHT },
      signal: patience,
    }))
      pictures.push(picture);
    signal.throwIfAborted();
  } catch (error) {
    const isSlow = error instanceof CancelledError || error instanceof MediaTimeoutError;
    if (signal.aborted || !isSlow) {
      for (const { image } of pictures) image.close();
      throw error;
    }
  }
  return evenStrip(pictures, STRIP_PICTURES, clip.info.duration);
}

/** Follows people through the part of the trim in which that was not done yet; what is in the way is said. */
async function lookThroughTrim(): Promise<void> {
  const signal = watching.begin();
  try {
    await watchTrim(signal);
  } catch (error) {
    if (!signal.aborted) useChoices.setState({ clipProblem: problemOf(error) });
  } finally {
    if (!signal.aborted && !isOpening) useChoices.setState({ clipTask: null });
  }
}

async function watchTrim(signal: AbortSignal): Promise<void> {
  const before = useChoices.getState().clip;
  if (!before || useChoices.getState().poses) return;
  const { clip, trim, watched } = before;
  if (watched && watched.start <= trim.start && watched.end >= trim.end) return;
  // From afar, what lies between would have to be watched as well: in a long clip for minutes.
  const touches = watched && watched.start <= trim.end && watched.end >= trim.start;
  const range = touches
    ? { start: Math.min(watched.start, trim.start), end: Math.max(watched.end, trim.end) }
    : trim;
  useChoices.setState({ clipTask: { label: 'Following the dancer', share: 0 } });
  const sightings = await watchClip(studio.pose, clip, range, {
    signal,
    onProgress: (share) => {
      if (!signal.aborted) useChoices.setState({ clipTask: { label: 'Following the dancer', share } });
    },
  });
  signal.throwIfAborted();
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
  // The clip that is about to come has a trim of its own.
  if (isOpening) return;
  useChoices.setState({ clipProblem: null });
  await lookThroughTrim();
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

/** Poses of an earlier time, or none. */
export const putPoses = (poses: PosesChoice | null): void => useChoices.setState({ poses });

/** The dancer's poses as a file, to be used again here or elsewhere. */
export async function savePoses(): Promise<void> {
  try {
    const { clip } = useChoices.getState();
    const track = clip && studio.planner.track(clip);
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

function putClip(clip: ClipChoice | null): void {
  const { clip: before } = useChoices.getState();
  useChoices.setState({ clip });
  if (before) retire(before.clip, ...before.strip.map(({ image }) => image));
}

/** Neither a clip nor poses. */
export function clearDance(): void {
  opening.abort();
  watching.abort();
  isOpening = false;
  useChoices.setState({ poses: null, clipTask: null, clipProblem: null });
  putClip(null);
}
