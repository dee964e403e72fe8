import { create } from 'zustand';
import { type Choices, useChoices } from './choices.ts';
import { chooseClip } from './choose-clip.ts';
import { choosePhoto } from './choose-photo.ts';
import { start } from './job.ts';
import { plannedMotion } from './preview.ts';
import { problemOf } from './problem.ts';

export interface Example {
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

async function fetchExample({ file }: Example): Promise<Blob> {
  const response = await fetch(exampleUrl(file));
  if (!response.ok) throw new Error(`the example ${file} answered ${response.status}.`);
  return response.blob();
}

export async function chooseExamplePhoto(example: Example): Promise<boolean> {
  try {
    return await choosePhoto(await fetchExample(example), example.title);
  } catch (error) {
    useChoices.setState({ photoProblem: problemOf(error) });
    return false;
  }
}

export async function chooseExampleClip(example: Example): Promise<boolean> {
  try {
    return await chooseClip(await fetchExample(example), example.title);
  } catch (error) {
    useChoices.setState({ clipProblem: problemOf(error) });
    return false;
  }
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
