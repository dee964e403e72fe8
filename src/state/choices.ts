import { create } from 'zustand';
import type { Clip } from '../media/index.ts';
import {
  type Dance,
  type DanceClip,
  type DancePoses,
  DEFAULT_SETTINGS,
  type LoadedPack,
  type Person,
  type Settings,
  samePack,
  type UnreadPack,
} from '../studio/index.ts';
import type { Problem } from './problem.ts';

/** A photo of the person who is to dance. */
export type PhotoChoice = Person;

/** A photo in which nobody was found, with the joints of somebody who stands laid over it, to be placed by hand. */
export interface UnseenPhoto {
  readonly photo: PhotoChoice;
  readonly place: PhotoPlace;
}

export type PhotoPlace = 'main' | 'more';

export interface StripPicture {
  readonly time: number;
  readonly image: ImageBitmap;
}

/** The clip whose motion is taken, with what the page shows of it. */
export interface ClipChoice extends DanceClip {
  readonly clip: Clip;
  readonly strip: readonly StripPicture[];
}

export type PosesChoice = DancePoses;

/** Work on a choice that is under way; `share` of it is done, where that is known. */
export interface Task {
  readonly label: string;
  readonly share: number | null;
}

/** Without a hash it has not been read yet; its size and guidance are then the built-in pack's. */
export type PackChoice = UnreadPack;

export const DEFAULT_PACK: PackChoice = {
  name: 'Built-in',
  hash: null,
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

/** Takes over what a pack turned out to be, once it has been read, if it is still the chosen one. */
export function learnPack(read: LoadedPack): void {
  const { pack } = useChoices.getState();
  if (!samePack(pack.source, read.source)) return;
  const isSameSize = pack.size.width === read.size.width && pack.size.height === read.size.height;
  if (isSameSize && pack.guidance === read.guidance && pack.hash === read.hash) return;
  // The same numbers in a new object would look like a change, and have the motion planned again.
  useChoices.setState({ pack: { ...read, name: pack.name, size: isSameSize ? pack.size : read.size } });
}

/** What the choices say of the dance, whole or in part. */
export const danceOf = ({ clip, poses }: Pick<Choices, 'clip' | 'poses'>): Dance => ({ clip, poses });

export const isEmptyStudio = ({ photos, clip, photoTask, clipTask }: Choices): boolean =>
  photos.length === 0 && clip === null && photoTask === null && clipTask === null;
