/** The list of films under the stage: opened again, gone on with, renamed, let go and taken back. */
import { create } from 'zustand';
import type { Entry, Film, Reel } from '../studio/index.ts';
import { changeSettings, choosePack, DEFAULT_PACK, isEmptyStudio, useChoices } from './choices.ts';
import { chooseClip, putPoses } from './choose-clip.ts';
import { takePhoto } from './choose-photo.ts';
import { clearStage, goOn, isBusy, show, useJob } from './job.ts';
import { PlanError, problemOf } from './problem.ts';
import { studio } from './studio.ts';

export interface Films {
  /** The newest first; null until looked for. */
  readonly entries: readonly Entry[] | null;
  /** The one that was just let go, and can be taken back. */
  readonly removed: Entry | null;
  /** The one that is being opened. */
  readonly opening: string | null;
  /** Bytes that this page holds on the device, and may hold. */
  readonly room: { readonly used: number; readonly quota: number } | null;
}

export const useFilms = create<Films>(() => ({ entries: null, removed: null, opening: null, room: null }));

/** Other tabs hear of it when a film comes or goes. */
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('pirouette-films');

export async function lookForFilms(): Promise<void> {
  const all = await studio.store.list().catch(() => []);
  const before = new Map(useFilms.getState().entries?.map(({ id, picture }) => [id, picture]));
  const entries = all
    .filter(({ removed }) => removed === undefined)
    // The same picture read anew would flicker.
    .map((entry) => {
      const shown = before.get(entry.id);
      return shown && shown.size === entry.picture?.size ? { ...entry, picture: shown } : entry;
    });
  const estimate = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined);
  const room = estimate?.quota ? { used: estimate.usage ?? 0, quota: estimate.quota } : null;
  useFilms.setState({ entries, room });
}

async function tellAll(): Promise<void> {
  channel?.postMessage('changed');
  await lookForFilms();
}

/** Keeps the list true from here on. What an earlier visit let go and did not take back goes now. */
export async function keepFilms(): Promise<void> {
  channel?.addEventListener('message', () => void lookForFilms());
  let last = '';
  useJob.subscribe(({ film, status }) => {
    const now = `${film?.id} ${status}`;
    // With each film that begins or ends, and not with each of its frames.
    if (now === last || status === 'loading') return;
    last = now;
    void tellAll();
    if (status === 'finished') void askToStay();
  });
  await studio.store.sweep().catch(() => undefined);
  await lookForFilms();
}

/** Whoever has made a film has something to lose: the browser is asked not to clear it away by itself. */
async function askToStay(): Promise<void> {
  const { storage } = navigator;
  if (!(await storage?.persisted?.())) await storage?.persist?.().catch(() => undefined);
}

/** Puts a film back on the stage, and, where nothing else was chosen, what it was made of as well. */
export async function openFilm(id: string): Promise<void> {
  if (isBusy(useJob.getState())) return;
  useFilms.setState({ opening: id });
  try {
    const reel = await studio.open(id);
    if (!reel) throw new PlanError(GONE);
    stage(reel);
    // Not waited for: the film can be seen and gone on with before.
    if (isEmptyStudio(useChoices.getState())) void takeChoices(reel.film);
  } catch (error) {
    useJob.setState({ problem: problemOf(error) });
  } finally {
    useFilms.setState({ opening: null });
  }
}

const GONE = {
  message: 'This dance is no longer among those that this browser keeps.',
  remedy: 'Make it again from its photo and clip.',
};

function stage(reel: Reel): void {
  show(reel);
  const { ready, film } = useJob.getState();
  useJob.setState({
    status: ready.length === film?.keys.length ? 'finished' : ready.length > 0 ? 'stopped' : 'idle',
    problem: null,
    secondsPerFrame: null,
  });
}

/** Opens a film and paints what is missing of it. */
export async function goOnWith(id: string): Promise<void> {
  await openFilm(id);
  if (useJob.getState().film?.id === id) await goOn();
}

/** Takes up a film's photo, dance, model and settings as the present choices. What is missing of them is left as it is. */
export async function takeChoices(film: Film): Promise<void> {
  changeSettings(film.settings);
  const { source } = film.pack;
  if (source) choosePack({ ...film.pack, source });
  else if (useChoices.getState().pack.hash !== film.pack.hash) choosePack(DEFAULT_PACK);
  const { clip, poses } = film.dance;
  putPoses(poses);
  await Promise.all([takePhotos(film), clip && takeClip(clip)]);
}

async function takePhotos({ photos }: Film): Promise<void> {
  for (const [index, photo] of photos.entries()) {
    const file = await studio.store.file(photo.id);
    // Overtaken by what the person chose meanwhile.
    if (file && !(await takePhoto({ ...photo, file }, index === 0 ? 'main' : 'more'))) return;
  }
}

async function takeClip({ id, name, trim, watched, pointed, sightings }: DanceClipOfFilm): Promise<void> {
  const file = await studio.store.file(id);
  if (file) await chooseClip(file, name, { trim, watched, pointed, sightings });
}

type DanceClipOfFilm = NonNullable<Film['dance']['clip']>;

export async function renameFilm(id: string, name: string): Promise<void> {
  const wanted = name.trim();
  if (wanted) await studio.store.rename(id, wanted);
  await tellAll();
}

/** Lets a film go; until the next one goes, or the page is left, it can be taken back. */
export async function removeFilm(id: string): Promise<void> {
  const { removed: before } = useFilms.getState();
  if (useJob.getState().film?.id === id) clearStage();
  await studio.store.remove(id);
  const entry = (await studio.store.list()).find((each) => each.id === id) ?? null;
  useFilms.setState({ removed: entry });
  if (before && entry?.removed) await studio.store.sweep(entry.removed - 1);
  await tellAll();
}

export async function takeBack(): Promise<void> {
  const { removed } = useFilms.getState();
  useFilms.setState({ removed: null });
  if (removed) await studio.store.restore(removed.id);
  await tellAll();
}

/** The person is sure, and the room is wanted now. */
export async function forgetRemoved(): Promise<void> {
  useFilms.setState({ removed: null });
  await studio.store.sweep();
  await tellAll();
}
