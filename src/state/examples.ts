import { create } from 'zustand';
import { type Choices, useChoices } from './choices.ts';
import { type ClipMemory, chooseClip } from './choose-clip.ts';
import { choosePhoto } from './choose-photo.ts';
import { clipFingerprint, fingerprint } from './fingerprint.ts';
import { start } from './job.ts';
import type { Sighting } from './people.ts';
import { plannedMotion } from './preview.ts';
import { problemOf } from './problem.ts';
import { restorePose, restoreSighting, type StoredPose, type StoredSighting } from './stored-poses.ts';

export interface Example {
  readonly id: string;
  readonly title: string;
  /** Both relative to examples/. */
  readonly file: string;
  readonly poster?: string;
}

export interface Examples {
  readonly photos: readonly Example[];
  readonly clips: readonly Example[];
  readonly starting: boolean;
}

export const useExamples = create<Examples>(() => ({ photos: [], clips: [], starting: false }));

const base = new URL('examples/', document.baseURI);
export const exampleUrl = (file: string): string => new URL(file, base).href;

export async function loadExamples(): Promise<void> {
  try {
    const { references, clips } = await (await fetch(exampleUrl('examples.json'))).json();
    useExamples.setState({ photos: references, clips });
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

async function fetchFile(file: string): Promise<Response> {
  const response = await fetch(exampleUrl(file));
  if (!response.ok) throw new Error(`the example ${file} answered ${response.status}.`);
  return response;
}

async function fetchExample({ id, file }: Example): Promise<{ blob: Blob; poses: ExamplePoses | null }> {
  const [blob, poses] = await Promise.all([
    fetchFile(file).then((response) => response.blob()),
    // Without them, people are looked for as in any other file.
    fetchFile(`${id}.poses.json`).then(
      (response): Promise<ExamplePoses> => response.json(),
      () => null,
    ),
  ]);
  return { blob, poses };
}

export async function chooseExamplePhoto(example: Example): Promise<boolean> {
  try {
    const { blob, poses } = await fetchExample(example);
    const known = poses?.of === (await fingerprint(blob)) ? poses.people : undefined;
    return await choosePhoto(blob, example.title, 'main', known?.map(restorePose));
  } catch (error) {
    useChoices.setState({ photoProblem: problemOf(error), unseenPhoto: null });
    return false;
  }
}

export async function chooseExampleClip(example: Example): Promise<boolean> {
  try {
    const { blob, poses } = await fetchExample(example);
    const known = poses?.of === (await clipFingerprint(blob)) ? poses.sightings : undefined;
    return await chooseClip(blob, example.title, known && wholeClip(known.map(restoreSighting)));
  } catch (error) {
    useChoices.setState({ clipProblem: problemOf(error) });
    return false;
  }
}

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

export const isEmptyStudio = ({ photos, clip, photoTask, clipTask }: Choices): boolean =>
  photos.length === 0 && clip === null && photoTask === null && clipTask === null;
