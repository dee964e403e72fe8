import type { EngineApi, LoadOptions } from '../engine/api.ts';
import type { PackSource } from '../pack/manifest.ts';
import { NoPersonError } from '../pose/errors.ts';
import { standingPose } from '../pose/standing.ts';
import type { Pose } from '../pose/types.ts';
import { Grounds } from './background.ts';
import { EngineDoor, type LoadWishes } from './door.ts';
import { FilmLostError } from './errors.ts';
import { type Film, type FilmWish, type LoadedPack, loadedPack, makeFilm } from './film.ts';
import { clipFingerprint, fingerprint } from './fingerprint.ts';
import { untilAborted } from './latest.ts';
import { media } from './media.ts';
import { type Motion, Planner } from './planner.ts';
import { Reel } from './reel.ts';
import type { Settings } from './settings.ts';
import type { Dance, Person, PoseFinder, Range } from './sources.ts';
import type { Store } from './store.ts';
import { watchClip } from './watch.ts';

export interface StudioParts {
  readonly engine: EngineApi;
  readonly pose: PoseFinder;
  readonly store: Store;
}

export interface PersonOptions {
  readonly name?: string;
  /** Whoever was found in this photo before: nobody need be looked for again. */
  readonly known?: readonly Pose[] | undefined;
  /** Nobody is looked for: somebody who stands is laid over the picture, to be placed by hand. */
  readonly byHand?: boolean;
  readonly signal?: AbortSignal;
}

export interface DanceOptions {
  readonly name?: string;
  /** The part that is used; all of it without this. */
  readonly trim?: Range;
  /** Off: nobody is looked for, as poses from elsewhere take the place of what the clip shows. */
  readonly watch?: boolean;
  readonly signal?: AbortSignal;
  onProgress?(share: number): void;
}

export interface FilmPlan {
  readonly photos: readonly Person[];
  readonly dance: Dance;
  readonly settings: Settings;
  readonly pack: LoadedPack;
}

/** More pixels than this help neither the pose model nor the networks. */
export const MAX_SIDE = 2048;

export const createStudio = (parts: StudioParts): Studio => new Studio(parts);

/** The app without a screen. It holds no choice of anybody's: what a film is made of is handed in. */
export class Studio {
  readonly store: Store;
  readonly pose: PoseFinder;
  readonly door: EngineDoor;
  readonly planner = new Planner();
  readonly grounds: Grounds;

  constructor({ engine, pose, store }: StudioParts) {
    this.store = store;
    this.pose = pose;
    this.door = new EngineDoor(engine);
    this.grounds = new Grounds(pose);
  }

  /** Opens a photo and finds its people; the largest one dances. The image is the caller's to close. */
  async person(
    file: Blob,
    { name = 'Photo', known = [], byHand = false, signal }: PersonOptions = {},
  ): Promise<Person> {
    const { openPhoto } = await media();
    const { image, notes } = await openPhoto(file, { maxSide: MAX_SIDE });
    try {
      signal?.throwIfAborted();
      const given = byHand ? [standingPose(image.width, image.height)] : known;
      const people = given.length > 0 ? given : await untilAborted(this.pose.find(image), signal);
      const [pose] = people;
      if (!pose) throw new NoPersonError('photo');
      const id = await fingerprint(file);
      signal?.throwIfAborted();
      return { id, name, file, image, people, person: 0, pose, corrected: false, notes };
    } catch (error) {
      image.close();
      throw error;
    }
  }

  /** Opens a clip and follows its people through the part that is used. */
  async dance(
    file: Blob,
    { name = 'Clip', trim, watch = true, signal, onProgress }: DanceOptions = {},
  ): Promise<Dance> {
    const { openClip } = await media();
    const clip = await openClip(file);
    try {
      signal?.throwIfAborted();
      const { duration, frameRate, sound } = clip.info;
      const part = { start: trim?.start ?? 0, end: Math.min(trim?.end ?? duration, duration) };
      const sightings = watch ? await watchClip(this.pose, clip, part, { signal, onProgress }) : [];
      const id = await clipFingerprint(file);
      const seen = { trim: part, watched: watch ? part : null, sightings, pointed: null };
      return { clip: { id, name, file, frameRate, hasSound: sound !== null, ...seen }, poses: null };
    } finally {
      clip.close();
    }
  }

  /** Reads a pack into the engine, and says what it is. */
  async pack(
    name: string,
    source: PackSource,
    load: LoadOptions,
    wishes: LoadWishes = {},
  ): Promise<LoadedPack> {
    return loadedPack(name, source, await this.door.load(source, load, wishes));
  }

  plan({ photos, dance, settings, pack }: FilmPlan): Motion | null {
    const [photo] = photos;
    return photo ? this.planner.motion(photo.pose, dance, settings, pack.size) : null;
  }

  /** The film that these make. It is the same one, with the frames that it has, whenever they are the same. */
  async film(wish: FilmPlan | FilmWish): Promise<Reel> {
    const motion = 'motion' in wish ? wish.motion : this.plan(wish);
    if (!motion) throw new Error('A film needs a photo and a dance in which somebody was looked for.');
    const film = await makeFilm({ ...wish, motion });
    const photos = new Map(wish.photos.map(({ id, file }) => [id, file]));
    return this.#reel(film, photos, wish.dance.clip?.file ?? null);
  }

  /** A film of an earlier time; null where it is not there any more. */
  async open(id: string): Promise<Reel | null> {
    const film = await this.store.film(id);
    return film && this.#reel(film, new Map(), null);
  }

  /** Writes a film down, with the files that it is made of. */
  async keep(reel: Reel, wish: Pick<FilmPlan, 'photos' | 'dance'>): Promise<void> {
    const files = new Map(wish.photos.map(({ id, file }) => [id, file]));
    const { clip, poses } = wish.dance;
    if (clip) files.set(clip.id, clip.file);
    const who = wish.photos[0]?.name ?? 'Somebody';
    await this.store.keep(
      reel.film,
      `${plain(who)}, ${plain(clip?.name ?? poses?.name ?? 'a dance')}`,
      files,
    );
  }

  async #reel(film: Film, photos: ReadonlyMap<string, Blob>, clip: Blob | null): Promise<Reel> {
    const { store, door, pose } = this;
    return new Reel(film, {
      ...{ store, door, pose, frames: await store.frames(film.look) },
      async photo({ id, name }) {
        const file = photos.get(id) ?? (await store.file(id));
        if (!file) throw new FilmLostError(`the photo ${name}`);
        const { openPhoto } = await media();
        return (await openPhoto(file, { maxSide: MAX_SIDE })).image;
      },
      clip: async () => clip ?? (film.dance.clip && store.file(film.dance.clip.id)),
    });
  }
}

/** A file's name without its ending. */
const plain = (name: string): string => name.replace(/\.\w{1,5}$/, '');
