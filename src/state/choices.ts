import { create } from 'zustand';
import type { Clip } from '../media/index.ts';
import type { PackSource } from '../pack/manifest.ts';
import type { Pose, Track } from '../pose/index.ts';
import type { Sighting } from './people.ts';
import type { Problem } from './problem.ts';
import { DEFAULT_SETTINGS, type Settings, type Size } from './settings.ts';

/** A photo of the person who is to dance. */
export interface PhotoChoice {
  readonly id: string;
  readonly name: string;
  readonly file: Blob;
  readonly image: ImageBitmap;
  readonly people: readonly Pose[];
  /** Which of `people` dances. */
  readonly person: number;
  /** That person's joints, as found or as corrected by hand. */
  readonly pose: Pose;
  readonly corrected: boolean;
  readonly notes: readonly string[];
}

/** A photo in which nobody was found, with the joints of somebody who stands laid over it, to be placed by hand. */
export interface UnseenPhoto {
  readonly photo: PhotoChoice;
  readonly place: PhotoPlace;
}

export type PhotoPlace = 'main' | 'more';

export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface StripPicture {
  readonly time: number;
  readonly image: ImageBitmap;
}

/** The clip whose motion is taken. */
export interface ClipChoice {
  readonly id: string;
  readonly name: string;
  readonly file: Blob;
  readonly clip: Clip;
  readonly strip: readonly StripPicture[];
  readonly trim: Range;
  /** The part in which people have been looked for; it holds the trim once that work is done. */
  readonly watched: Range | null;
  readonly sightings: readonly Sighting[];
  /** Where the person clicked to have somebody else followed. */
  readonly pointed: { readonly time: number; readonly x: number; readonly y: number } | null;
}

export interface PosesChoice {
  readonly name: string;
  readonly track: Track;
  /** The part that is used where no clip has a trim of its own; all of it if this is null. */
  readonly trim: Range | null;
}

/** Work on a choice that is under way; `share` of it is done, where that is known. */
export interface Task {
  readonly label: string;
  readonly share: number | null;
}

export interface PackChoice {
  readonly name: string;
  readonly source: PackSource;
  /** What the pack says it was made for; the built-in pack's until another one has been read. */
  readonly size: Size;
  readonly guidance: number;
}

export const DEFAULT_PACK: PackChoice = {
  name: 'Built-in',
  source: { kind: 'url', url: new URL('packs/default/', document.baseURI).href },
  size: { width: 256, height: 256 },
  guidance: 1,
};

export interface Choices {
  /** The first is the one whose framing and background the result has; the others show the same person again. */
  readonly photos: readonly PhotoChoice[];
  readonly photoTask: Task | null;
  readonly photoProblem: Problem | null;
  /** What `photoProblem` is about, where its person can be shown by hand. */
  readonly unseenPhoto: UnseenPhoto | null;
  readonly clip: ClipChoice | null;
  readonly clipTask: Task | null;
  readonly clipProblem: Problem | null;
  /** A pose track from a file, in place of what is seen in the clip. */
  readonly poses: PosesChoice | null;
  readonly settings: Settings;
  readonly pack: PackChoice;
}

export const useChoices = create<Choices>(() => ({
  photos: [],
  photoTask: null,
  photoProblem: null,
  unseenPhoto: null,
  clip: null,
  clipTask: null,
  clipProblem: null,
  poses: null,
  settings: DEFAULT_SETTINGS,
  pack: DEFAULT_PACK,
}));

export function changeSettings(change: Partial<Settings>): void {
  useChoices.setState(({ settings }) => ({ settings: { ...settings, ...change } }));
}

export const choosePack = (pack: PackChoice): void => useChoices.setState({ pack });

/** Takes over what the pack was made for, once it has been read; true where that is news. */
export function learnPackDefaults(size: Size, guidance: number): boolean {
  const { pack } = useChoices.getState();
  // The same numbers in a new object would look like a change, and have the motion planned again.
  if (pack.size.width === size.width && pack.size.height === size.height && pack.guidance === guidance) {
    return false;
  }
  useChoices.setState({ pack: { ...pack, size, guidance } });
  return true;
}
