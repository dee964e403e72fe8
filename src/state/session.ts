import { create } from 'zustand';
import { learnPackDefaults, type PhotoChoice, type Range, useChoices } from './choices.ts';
import { type ClipMemory, chooseClip } from './choose-clip.ts';
import { MAX_SIDE, putPhoto } from './choose-photo.ts';
import { type Film, start, useJob } from './job.ts';
import { media } from './media.ts';
import { knownSettings, type Settings, type Size } from './settings.ts';
import { folder, readFile, removeQuietly, writeFile } from './storage.ts';
import {
  restorePose,
  restoreSighting,
  type StoredPose,
  type StoredSighting,
  storePose,
  storeSighting,
} from './stored-poses.ts';

interface StoredPhoto extends Pick<PhotoChoice, 'id' | 'name' | 'person' | 'corrected' | 'notes'> {
  readonly people: readonly StoredPose[];
  readonly pose: StoredPose;
}

/** Everything that is needed to stand where the person stood, beside the files themselves. */
interface StoredSession {
  readonly version: 1;
  readonly settings: Settings;
  /** What the pack was made for; without it the frames that are kept would not be recognised. */
  readonly pack: { readonly size: Size; readonly guidance: number };
  readonly photos: readonly StoredPhoto[];
  readonly clip: {
    readonly id: string;
    readonly name: string;
    readonly trim: Range;
    readonly watched: Range;
    readonly pointed: ClipMemory['pointed'];
    readonly sightings: readonly StoredSighting[];
  };
  readonly done: number;
  readonly total: number;
}

/** Work of an earlier visit that can be gone on with. */
export const useEarlier = create<{ readonly offer: StoredSession | null; readonly restoring: boolean }>(
  () => ({
    offer: null,
    restoring: false,
  }),
);

/** Keeps the work as it stands: called when a film begins, and as its frames are done. */
async function keepSession(film: Film, done: number, withFiles: boolean): Promise<void> {
  const { clip, pack } = useChoices.getState();
  if (!clip?.watched) return;
  const directory = await folder('session');
  if (withFiles) {
    await keepFile(directory, clipFile(clip.id), clip.file);
    for (const { id, file } of film.photos) await keepFile(directory, photoFile(id), file);
  }
  const session: StoredSession = {
    version: 1,
    settings: film.settings,
    pack: { size: pack.size, guidance: pack.guidance },
    photos: film.photos.map(({ id, name, person, corrected, notes, people, pose }) => ({
      ...{ id, name, person, corrected, notes },
      people: people.map(storePose),
      pose: storePose(pose),
    })),
    clip: {
      id: clip.id,
      name: clip.name,
      trim: film.motion.trim,
      watched: clip.watched,
      pointed: clip.pointed,
      sightings: clip.sightings.map(storeSighting),
    },
    done,
    total: film.keys.length,
  };
  await writeFile(directory, 'session.json', JSON.stringify(session));
  const needed = ['session.json', clipFile(clip.id), ...film.photos.map(({ id }) => photoFile(id))];
  const names: string[] = [];
  for await (const name of directory.keys()) names.push(name);
  for (const name of names) if (!needed.includes(name)) await removeQuietly(directory, name);
}

const clipFile = (id: string) => `clip-${id}`;
const photoFile = (id: string) => `photo-${id}`;

/** Names follow the content, so what is there is left alone: a file read from here would break if it were written over. */
async function keepFile(directory: FileSystemDirectoryHandle, name: string, file: Blob): Promise<void> {
  const kept = await readFile(directory, name);
  if (kept?.size !== file.size) await writeFile(directory, name, file);
}

/** How many frames may be done before their number is written down again. */
const KEEP_EVERY = 5;

/** Keeps every film's session from here on. A disk that is full or forbidden costs only the way back. */
export function keepSessions(): void {
  let kept: Film | null = null;
  let last = 0;
  let writing: Promise<void> = Promise.resolve();
  useJob.subscribe(({ film, ready, status }) => {
    if (!film) return;
    const fresh = film !== kept;
    const due =
      Math.abs(ready.length - last) >= KEEP_EVERY || (status !== 'running' && ready.length !== last);
    if (!fresh && !due) return;
    kept = film;
    last = ready.length;
    writing = writing.then(() => keepSession(film, ready.length, fresh)).catch(() => undefined);
  });
}

export async function lookForEarlier(): Promise<void> {
  const directory = await folder('session').catch(() => null);
  const file = directory && (await readFile(directory, 'session.json'));
  if (!file) return;
  try {
    const offer: StoredSession = JSON.parse(await file.text());
    if (offer.version === 1) useEarlier.setState({ offer });
  } catch {
    // A session that was cut off in the middle of writing is as good as none.
  }
}

/** Puts the photo, the clip and the settings back, and paints what is missing. */
export async function goOn(): Promise<void> {
  const { offer } = useEarlier.getState();
  if (!offer) return;
  useEarlier.setState({ restoring: true });
  try {
    // Files that cannot be read any more are as good as gone.
    if (await restore(offer).catch(() => false)) {
      useEarlier.setState({ offer: null });
      await start();
    } else {
      await letGo();
    }
  } finally {
    useEarlier.setState({ restoring: false });
  }
}

async function restore(offer: StoredSession): Promise<boolean> {
  const directory = await folder('session');
  const clip = await readFile(directory, clipFile(offer.clip.id));
  if (!clip) return false;
  const { openPhoto } = await media();
  useChoices.setState(({ settings }) => ({ settings: { ...settings, ...knownSettings(offer.settings) } }));
  learnPackDefaults(offer.pack.size, offer.pack.guidance);
  for (const [index, stored] of offer.photos.entries()) {
    const file = await readFile(directory, photoFile(stored.id));
    if (!file) return false;
    const { image } = await openPhoto(file, { maxSide: MAX_SIDE });
    const people = stored.people.map(restorePose);
    const pose = restorePose(stored.pose);
    putPhoto({ ...stored, file, image, people, pose }, index === 0 ? 'main' : 'more');
  }
  const { trim, watched, pointed } = offer.clip;
  const sightings = offer.clip.sightings.map(restoreSighting);
  return chooseClip(clip, offer.clip.name, { trim, watched, pointed, sightings });
}

/** The earlier work is not wanted, or no longer whole. */
export async function letGo(): Promise<void> {
  useEarlier.setState({ offer: null });
  const directory = await folder().catch(() => null);
  if (directory) await removeQuietly(directory, 'session');
}
