import { create } from 'zustand';
import type { Sighting } from '../pose/index.ts';
import { clipFingerprint, fingerprint } from '../studio/fingerprint.ts';
import { useChoices } from './choices.ts';
import { type ClipMemory, chooseClip } from './choose-clip.ts';
import { choosePhoto } from './choose-photo.ts';
import { start } from './job.ts';
import { plannedMotion } from './preview.ts';
import { restorePose, restoreSighting, type StoredPose, type StoredSighting } from './stored-poses.ts';

export interface Example {
  readonly id: string;
  readonly title: string;
  /** Both relative to examples/. */
  readonly file: string;
  readonly poster?: string;
}

/** One of the examples' people in one of the dances, as the built-in model paints it. */
export interface ExampleLoop {
  readonly photo: string;
  readonly clip: string;
  readonly file: string;
}

export interface Examples {
  readonly photos: readonly Example[];
  readonly clips: readonly Example[];
  readonly loops: readonly ExampleLoop[];
  readonly starting: boolean;
}

export const useExamples = create<Examples>(() => ({
  photos: [],
  clips: [],
  loops: [],
  starting: false,
}));

const base = new URL('examples/', document.baseURI);
export const exampleUrl = (file: string): string => new URL(file, base).href;

export async function loadExamples(): Promise<void> {
  try {
    const { references, clips, loops = [] } = await (await fetch(exampleUrl('examples.json'))).json();
    useExamples.setState({ photos: references, clips, loops });
  } catch {
    // Without examples the page still serves a person's own files: their place stays empty.
  }
}

/** What the app found in an example when it was made: nobody need be looked for again. */
export interface ExamplePoses {
  /** The fingerprint of the file that they were found in. */
  readonly of: string;
  readonly people?: readonly StoredPose[];
  readonly sightings?: readonly StoredSighting[];
}

async function fetchFile(file: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(exampleUrl(file), { signal });
  if (!response.ok) throw new Error(`the example ${file} answered ${response.status}.`);
  return response;
}

async function fetchExample(
  { id, file }: Example,
  signal: AbortSignal,
): Promise<{ blob: Blob; poses: ExamplePoses | null }> {
  const [blob, poses] = await Promise.all([
    fetchFile(file, signal).then((response) => response.blob()),
    // Without them, people are looked for as in any other file.
    fetchFile(`${id}.poses.json`, signal).then(
      (response): Promise<ExamplePoses> => response.json(),
      () => null,
    ),
  ]);
  return { blob, poses };
}

/** Takes its turn at the press, and not when it has been fetched: what is chosen meanwhile is the later choice. */
export const chooseExamplePhoto = (example: Example): Promise<boolean> =>
  choosePhoto(async (signal) => {
    const { blob, poses } = await fetchExample(example, signal);
    const known = poses?.of === (await fingerprint(blob)) ? poses.people : undefined;
    return { file: blob, known: known?.map(restorePose) };
  }, example.title);

export const chooseExampleClip = (example: Example): Promise<boolean> =>
  chooseClip(async (signal) => {
    const { blob, poses } = await fetchExample(example, signal);
    const known = poses?.of === (await clipFingerprint(blob)) ? poses.sightings : undefined;
    return { file: blob, memory: known && wholeClip(known.map(restoreSighting)) };
  }, example.title);

/** Longer than a frame: the last one was looked at, and lasts to the end. */
const LAST_FRAME_SECONDS = 0.1;

function wholeClip(sightings: readonly Sighting[]): Partial<ClipMemory> {
  return { sightings, watched: { start: 0, end: (sightings.at(-1)?.time ?? 0) + LAST_FRAME_SECONDS } };
}

/** One press: a built-in person, a built-in dance, and off. */
export async function tryExample(): Promise<void> {
  const { photos, clips } = useExamples.getState();
  const [photo, clip] = [photos[0], clips[0]];
  if (!photo || !clip) return;
  useExamples.setState({ starting: true });
  try {
    const chosen = await Promise.all([chooseExamplePhoto(photo), chooseExampleClip(clip)]);
    if (chosen.every(Boolean) && plannedMotion(useChoices.getState()).motion) await start();
  } finally {
    useExamples.setState({ starting: false });
  }
}
