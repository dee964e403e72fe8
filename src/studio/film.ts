import type { EngineInfo, RenderOptions } from '../engine/api.ts';
import type { PackManifest, PackSource } from '../pack/manifest.ts';
import type { Pose, Sighting } from '../pose/index.ts';
import { fingerprint } from './fingerprint.ts';
import { type Framing, frameAround, framePose, personBox } from './framing.ts';
import type { Motion } from './planner.ts';
import { type Settings, type Size, stepsOf } from './settings.ts';
import type { Dance, DancePoses, Person, Range } from './sources.ts';

/** A pack that has been read: what it is, and what it was made for. */
export interface LoadedPack {
  readonly name: string;
  readonly source: PackSource;
  /** Of its manifest, which holds the SHA-256 of every file: another one is another model. */
  readonly hash: string;
  readonly size: Size;
  readonly guidance: number;
  /** Its frames are joined, and none is a function of its own pose alone. */
  readonly joinsFrames?: true;
}

export async function loadedPack(
  name: string,
  source: PackSource,
  { manifest, size, joinsFrames }: Pick<EngineInfo, 'manifest' | 'size' | 'joinsFrames'>,
): Promise<LoadedPack> {
  const { guidance } = manifest.defaults;
  const hash = await packHash(manifest);
  return { name, source, hash, size, guidance, ...(joinsFrames && { joinsFrames }) };
}

export const packHash = (manifest: PackManifest): Promise<string> => fingerprint(inOrder(manifest));

/** JSON in which the order of keys says nothing. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** A pack as a film remembers it; files from a disk cannot be found again by themselves. */
export interface FilmPack {
  readonly name: string;
  readonly hash: string;
  readonly source: Extract<PackSource, { kind: 'url' | 'imported' }> | null;
  readonly size: Size;
  readonly guidance: number;
  readonly joinsFrames?: true;
}

/** A photo as a film remembers it: its file is the store's, under its id. */
export type FilmPhoto = Omit<Person, 'file' | 'image'>;

/** The dance as a film remembers it: the clip's file is the store's, under its id. */
export interface FilmDance {
  readonly clip: {
    readonly id: string;
    readonly name: string;
    readonly frameRate: number;
    readonly hasSound: boolean;
    readonly trim: Range;
    readonly watched: Range | null;
    readonly sightings: readonly Sighting[];
    readonly pointed: { readonly time: number; readonly x: number; readonly y: number } | null;
  } | null;
  readonly poses: DancePoses | null;
}

/** Plain data that never changes: all that decides a film's pixels, and all that is needed to stand there again. */
export interface Film {
  readonly version: 1;
  /** A fingerprint of everything that decides what is painted, in which order and how fast. */
  readonly id: string;
  /** The same without the poses: films of one look share the frames that show the same pose. */
  readonly look: string;
  readonly pack: FilmPack;
  readonly photos: readonly FilmPhoto[];
  readonly dance: FilmDance;
  readonly settings: Settings;
  readonly options: RenderOptions;
  readonly motion: Motion;
  /** Each frame's name within the look. */
  readonly keys: readonly string[];
}

export interface FilmWish {
  readonly photos: readonly Person[];
  readonly dance: Dance;
  readonly motion: Motion;
  readonly settings: Settings;
  readonly pack: LoadedPack;
}

export async function makeFilm({ photos, dance, motion, settings, pack }: FilmWish): Promise<Film> {
  const options = optionsOf(settings, motion.size, pack.guidance);
  const references = photos.map((photo) => placePhoto(photo.pose, motion.size).pose);
  const look = await fingerprint(
    JSON.stringify([options, pack.hash, photos.map(({ id }) => id)]),
    ...references.map(({ joints }) => joints as Float32Array<ArrayBuffer>),
  );
  const poseKeys = await Promise.all(motion.poses.map(poseKey));
  const keys = isJoined({ pack, options }) ? await joinedKeys(poseKeys) : poseKeys;
  const { frameRate, trim } = motion;
  const id = await fingerprint(JSON.stringify([look, keys, frameRate, trim, dance.clip?.id ?? null]));
  return {
    version: 1,
    id,
    look,
    pack: { ...pack, source: storable(pack.source) },
    photos: photos.map(({ file: _, image: __, ...photo }) => photo),
    dance: danceOf(dance),
    settings,
    options,
    motion,
    keys,
  };
}

/** Whether the film's frames were painted together, so that each depends on all of its poses. */
export const isJoined = ({
  pack,
  options,
}: Pick<Film, 'options'> & { readonly pack: { joinsFrames?: true } }) =>
  pack.joinsFrames === true && options.motion !== false && options.interaction !== 'mutual';

/** A frame that was painted with others is nobody else's: its name says which, and among which. */
async function joinedKeys(poseKeys: readonly string[]): Promise<string[]> {
  const all = await fingerprint(JSON.stringify(poseKeys));
  return Promise.all(poseKeys.map((_, index) => fingerprint(JSON.stringify([all, index]))));
}

const optionsOf = (settings: Settings, size: Size, guidance: number): RenderOptions => ({
  ...size,
  steps: stepsOf(settings),
  seed: settings.seed,
  guidance: settings.guidance ?? guidance,
  eta: settings.eta,
  interaction: settings.interaction,
  referencePose: settings.referencePose,
  retouch: settings.retouch,
  // Said only where it is not the model's own way: a film is known by its options.
  ...(!settings.smooth && { motion: false }),
  ...(!settings.layers && { layers: false }),
});

/** Whether these make this very film. A pack that has not been read yet has no hash: then its place must do. */
export function isOf(
  film: Film,
  { photos, dance, motion, settings, pack }: Omit<FilmWish, 'pack'> & { readonly pack: UnreadPack },
): boolean {
  const { size, frameRate, trim, poses } = motion;
  const options = optionsOf(settings, size, pack.guidance);
  return (
    (pack.hash === null
      ? film.pack.source !== null && samePack(film.pack.source, pack.source)
      : film.pack.hash === pack.hash) &&
    JSON.stringify(options) === JSON.stringify(film.options) &&
    frameRate === film.motion.frameRate &&
    trim.start === film.motion.trim.start &&
    trim.end === film.motion.trim.end &&
    (dance.clip?.id ?? null) === (film.dance.clip?.id ?? null) &&
    photos.length === film.photos.length &&
    photos.every(
      (photo, i) => photo.id === film.photos[i]?.id && samePose(photo.pose, film.photos[i].pose),
    ) &&
    (poses === film.motion.poses ||
      (poses.length === film.motion.poses.length &&
        poses.every((pose, i) => samePose(pose, film.motion.poses[i] ?? pose))))
  );
}

export type UnreadPack = Omit<LoadedPack, 'hash'> & { readonly hash: string | null };

const samePose = (a: Pose, b: Pose): boolean =>
  a === b || (a.joints.length === b.joints.length && a.joints.every((value, i) => value === b.joints[i]));

export function samePack(a: PackSource, b: PackSource): boolean {
  if (a.kind === 'url' && b.kind === 'url') return a.url === b.url;
  if (a.kind === 'zip' && b.kind === 'zip') return a.file === b.file;
  if (a.kind === 'imported' && b.kind === 'imported') return a.id === b.id;
  return a.kind === 'files' && b.kind === 'files' && a.files === b.files;
}

/** Where a photo lies in the result's frame, and its person with it. */
export function placePhoto(pose: Pose, size: Size): { framing: Framing; pose: Pose } {
  const framing = frameAround(pose, personBox(pose), size);
  return { framing, pose: framePose(pose, framing, size) };
}

/** A frame's name within its look. */
const poseKey = (pose: Pose): Promise<string> => fingerprint(pose.joints as Float32Array<ArrayBuffer>);

const storable = (source: PackSource): FilmPack['source'] =>
  source.kind === 'url' || source.kind === 'imported' ? source : null;

function danceOf({ clip, poses }: Dance): FilmDance {
  if (!clip) return { clip: null, poses };
  const { id, name, frameRate, hasSound, trim, watched, sightings, pointed } = clip;
  return { clip: { id, name, frameRate, hasSound, trim, watched, sightings, pointed }, poses };
}
