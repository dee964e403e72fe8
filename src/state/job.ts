import { create } from 'zustand';
import { type Film, isOf, Latest, type LoadedPack, type PaintWishes, type Reel } from '../studio/index.ts';
import { type Later, later } from '../studio/latest.ts';
import { type Choices, danceOf, learnPack, useChoices } from './choices.ts';
import { loadOptions, noteLoaded, useDevice } from './device.ts';
import { plannedMotion } from './preview.ts';
import { PlanError, type Problem, problemOf } from './problem.ts';
import { studio } from './studio.ts';

export type JobStatus = 'idle' | 'loading' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

export interface Job {
  readonly status: JobStatus;
  /** The film on the stage; choices may have changed since it was begun. */
  readonly film: Film | null;
  /** Indices of its frames that are done, in order. */
  readonly ready: readonly number[];
  readonly secondsPerFrame: number | null;
  readonly problem: Problem | null;
  /** Another tab paints this film: this one waits for its turn. */
  readonly isElsewhere: boolean;
  /** Frames that found no room on this device, and last as long as the page. */
  readonly unkept: number;
}

const EMPTY: Job = {
  status: 'idle',
  film: null,
  ready: [],
  secondsPerFrame: null,
  problem: null,
  isElsewhere: false,
  unkept: 0,
};

export const useJob = create<Job>(() => EMPTY);

/** Whether the shown film is not what the choices ask for by now. */
export function isOutdated(film: Film, choices: Choices): boolean {
  const { motion } = plannedMotion(choices);
  const { photos, settings, pack } = choices;
  return !motion || !isOf(film, { photos, dance: danceOf(choices), motion, settings, pack });
}

export const isBusy = ({ status }: Pick<Job, 'status'>): boolean =>
  status === 'loading' || status === 'running' || status === 'paused';

const latest = new Latest();
let gate: Later | null = null;
let shown: Reel | null = null;

/** The reel of a film that `useJob` shows; null where another one has taken its place. */
export const reelOf = (film: Film): Reel | null => (shown?.film.id === film.id ? shown : null);

/** Paints what the choices ask for; frames that are there already are not done again. */
export async function start(): Promise<void> {
  // All of it now: what is chosen from here on belongs to another film.
  const choices = useChoices.getState();
  await run(async (signal) => {
    const { problem } = plannedMotion(choices);
    if (problem) throw new PlanError(problem);
    const { reel: made, pack } = await reelFor(choices, signal);
    const reel = show(made);
    void keep(reel, choices);
    if (reel.missing().length > 0) await paint(reel, signal, pack.source, choices);
  });
}

/** Paints what is missing of the film on the stage, whatever the choices are by now. */
export async function goOn(): Promise<void> {
  const reel = shown;
  if (!reel) return start();
  const { pack, settings } = useChoices.getState();
  // Files from a disk cannot be found again by themselves; chosen again, they are here.
  const source = pack.hash === reel.film.pack.hash ? pack.source : undefined;
  await run((signal) => paint(reel, signal, source, { settings }));
}

async function run(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const signal = latest.begin();
  openGate();
  useJob.setState({ status: 'loading', problem: null, secondsPerFrame: null, isElsewhere: false });
  try {
    await work(signal);
    signal.throwIfAborted();
    useJob.setState({ status: 'finished', isElsewhere: false });
  } catch (error) {
    // Whoever aborted it has said already what is now.
    if (signal.aborted) return;
    const problem = problemOf(error);
    const status = problem ? 'failed' : useJob.getState().ready.length > 0 ? 'stopped' : 'idle';
    useJob.setState({ status, problem, isElsewhere: false });
  } finally {
    useDevice.setState({ progress: null });
  }
}

/** The film that the choices ask for. The model is read only if a frame of it is missing. */
async function reelFor(choices: Choices, signal: AbortSignal): Promise<{ reel: Reel; pack: LoadedPack }> {
  const { photos, settings, pack: chosen } = choices;
  const plan = { photos, dance: danceOf(choices), settings };
  const early = plannedMotion(choices).motion;
  if (!early) throw new Error('A photo and a clip come first.');
  const known = chosen.hash === null ? null : { ...chosen, hash: chosen.hash };
  const before = known && (await studio.film({ ...plan, motion: early, pack: known }));
  signal.throwIfAborted();
  if (known && before?.missing().length === 0) return { reel: before, pack: known };

  const pack = await studio.pack(chosen.name, chosen.source, await loadOptions(settings), {
    ...{ signal, size: early.size },
    onProgress: (progress) => useDevice.setState({ progress }),
  });
  noteEngine();
  learnPack(pack);
  if (before && pack.hash === known?.hash) return { reel: before, pack };
  // Only now is it known what the pack is and what it was made for: with another size or guidance it is another film.
  before?.close();
  return { reel: await studio.film({ ...plan, pack }), pack };
}

function noteEngine(): void {
  const { info } = studio.door;
  if (info) noteLoaded(info);
}

async function paint(
  reel: Reel,
  signal: AbortSignal,
  source: PaintWishes['source'],
  { settings }: Pick<Choices, 'settings'>,
): Promise<void> {
  let began = performance.now();
  let seconds: number | null = null;
  const frames = reel.paint({
    ...{ signal, source, load: await loadOptions(settings) },
    onProgress: (progress) => useDevice.setState({ progress }),
    onWait: () => useJob.setState({ isElsewhere: true }),
    onReady: () => {
      began = performance.now();
      useJob.setState({ status: 'running', isElsewhere: false, ready: reel.ready() });
      noteEngine();
    },
  });
  for await (const _ of frames) {
    if (signal.aborted) continue;
    const took = (performance.now() - began) / 1000;
    seconds = seconds === null ? took : seconds * 0.7 + took * 0.3;
    const { ready } = useJob.getState();
    useJob.setState({ ready: reel.ready(), secondsPerFrame: seconds, unkept: reel.unkept });
    if (ready.length === 0) void reel.keepPicture().catch(() => undefined);
    await gate?.promise;
    began = performance.now();
  }
  if (signal.aborted) return;
  useJob.setState({ ready: reel.ready() });
  await reel.keepPicture().catch(() => undefined);
}

/** A film takes the stage; the reel of the one that stands there already is the better one: its pictures are decoded. */
export function show(reel: Reel): Reel {
  const before = shown;
  if (before?.film.id === reel.film.id) {
    if (before !== reel) reel.close();
  } else {
    shown = reel;
    before?.close();
  }
  const now = shown ?? reel;
  useJob.setState({ film: now.film, ready: now.ready(), unkept: now.unkept });
  return now;
}

/** Nothing is on the stage. */
export function clearStage(): void {
  latest.abort();
  openGate();
  shown?.close();
  shown = null;
  useJob.setState(EMPTY);
}

/** A disk that is full or forbidden costs only the way back. */
async function keep(reel: Reel, choices: Choices): Promise<void> {
  await studio.keep(reel, { photos: choices.photos, dance: danceOf(choices) }).catch(() => undefined);
}

export function pause(): void {
  if (useJob.getState().status !== 'running') return;
  gate = later();
  useJob.setState({ status: 'paused' });
}

export function resume(): void {
  if (useJob.getState().status !== 'paused') return;
  openGate();
  useJob.setState({ status: 'running' });
}

/** Stops within a denoising step; finished frames are kept and can be played, saved and gone on from. */
export function stop(): void {
  if (!isBusy(useJob.getState())) return;
  latest.abort();
  openGate();
  const { ready } = useJob.getState();
  useJob.setState({ status: ready.length > 0 ? 'stopped' : 'idle', isElsewhere: false });
}

function openGate(): void {
  gate?.resolve();
  gate = null;
}

export const dismissJobProblem = (): void =>
  useJob.setState(({ ready }) => ({ problem: null, status: ready.length > 0 ? 'stopped' : 'idle' }));
