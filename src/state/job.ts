import { create } from 'zustand';
import type { RenderedFrame } from '../engine/api.ts';
import { type Choices, learnPackDefaults, type PhotoChoice, useChoices } from './choices.ts';
import { currentEngine, loadOptions, useDevice } from './device.ts';
import { FrameStore, forgetOldLooks } from './frame-store.ts';
import { type Look, type Motion, planLook, poseKey } from './plan.ts';
import { plannedMotion } from './preview.ts';
import { PlanError, type Problem, problemOf } from './problem.ts';
import { ensureLoaded, render } from './render.ts';
import type { Settings } from './settings.ts';
import { steadyMask } from './steady.ts';

export type JobStatus = 'idle' | 'loading' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

/** What the shown frames were made with; choices may have changed since. */
export interface Film {
  readonly motion: Motion;
  readonly look: Look;
  readonly photos: readonly PhotoChoice[];
  /** The clip whose sound belongs to it; another one may have been chosen since. */
  readonly sound: Blob | null;
  readonly settings: Settings;
  readonly keys: readonly string[];
  readonly store: FrameStore;
}

export interface Job {
  readonly status: JobStatus;
  readonly film: Film | null;
  /** Indices of the frames that are done, in order. */
  readonly ready: readonly number[];
  readonly newest: number | null;
  readonly secondsPerFrame: number | null;
  readonly problem: Problem | null;
}

export const useJob = create<Job>(() => ({
  status: 'idle',
  film: null,
  ready: [],
  newest: null,
  secondsPerFrame: null,
  problem: null,
}));

/** Whether the shown film is not what the choices ask for by now. */
export function isOutdated(film: Film, choices: Choices): boolean {
  const { visibleMark: _, ...now } = choices.settings;
  const { visibleMark: __, ...then } = film.settings;
  return (
    film.motion !== plannedMotion(choices).motion ||
    film.photos !== choices.photos ||
    JSON.stringify(now) !== JSON.stringify(then)
  );
}

export const isBusy = ({ status }: Pick<Job, 'status'>): boolean =>
  status === 'loading' || status === 'running' || status === 'paused';

let turn = 0;
let openGate: (() => void) | null = null;
let gate: Promise<void> | null = null;

/** Renders what the choices ask for; frames that are there already are not done again. */
export async function start(): Promise<void> {
  const mine = ++turn;
  const isMine = () => mine === turn;
  useJob.setState({ status: 'loading', problem: null, secondsPerFrame: null });
  try {
    const { film, missing } = await prepare();
    if (!isMine()) return;
    useJob.setState({ film, ready: readyFrames(film), newest: null });
    if (missing.length > 0) await renderMissing(film, missing, isMine);
    if (isMine()) useJob.setState({ status: 'finished' });
  } catch (error) {
    if (!isMine()) return;
    const problem = problemOf(error);
    useJob.setState({ status: problem ? 'failed' : 'stopped', problem });
  } finally {
    if (isMine()) closeGate();
  }
}

/** Loads the model only if there is a frame to paint; a finished film is shown again without it. */
async function prepare(): Promise<{ film: Film; missing: readonly number[] }> {
  const early = await plan();
  const missing = missingFrames(early);
  if (missing.length === 0) return { film: early, missing };

  const { settings, pack } = useChoices.getState();
  const info = await ensureLoaded(
    currentEngine(),
    pack.source,
    await loadOptions(settings),
    (progress) => useDevice.setState({ progress }),
    early.motion.size,
  );
  useDevice.setState({ info, progress: null });
  const { width, height, guidance } = info.manifest.defaults;
  // Only now is it known what the pack was made for: with another size or guidance it is another film.
  if (!learnPackDefaults({ width, height }, guidance)) return { film: early, missing };
  const film = await plan();
  return { film, missing: missingFrames(film) };
}

async function plan(): Promise<Film> {
  const choices = useChoices.getState();
  const { photos, clip, settings, pack } = choices;
  const sound = clip?.clip.info.sound ? clip.file : null;
  const { motion, problem } = plannedMotion(choices);
  if (problem) throw new PlanError(problem);
  if (!motion) throw new Error('A photo and a clip come first.');
  const before = useJob.getState().film;
  const planned = await planLook(photos, settings, pack, motion);
  // The same look keeps its references, so that the engine need not look at them again.
  const look = before?.look.key === planned.key ? before.look : planned;
  const keys = await Promise.all(motion.poses.map(poseKey));
  const store = before?.look.key === look.key ? before.store : await FrameStore.open(look.key);
  if (before?.store !== store) {
    before?.store.close();
    await forgetOldLooks([look.key, ...(before ? [before.look.key] : [])]);
  }
  return { motion, look, photos, sound, settings, keys, store };
}

async function renderMissing(film: Film, missing: readonly number[], isMine: () => boolean): Promise<void> {
  const poses = missing.map((index) => film.motion.poses[index]).filter((pose) => pose !== undefined);
  const { source } = useChoices.getState().pack;
  let began = performance.now();
  let seconds: number | null = null;
  const canvas = new OffscreenCanvas(film.motion.size.width, film.motion.size.height);
  await render(
    currentEngine(),
    {
      pack: source,
      load: film.look.load,
      references: film.look.references,
      poses,
      options: film.look.options,
    },
    {
      onReady: () => {
        began = performance.now();
        useJob.setState({ status: 'running' });
      },
      onFrame: async (frame) => {
        const index = missing[frame.index];
        const key = index === undefined ? undefined : film.keys[index];
        if (index === undefined || key === undefined) return frame.image.close();
        compose(canvas, frame, film, index);
        await film.store.put(key, canvas);
        if (!isMine()) return;
        const took = (performance.now() - began) / 1000;
        seconds = seconds === null ? took : seconds * 0.7 + took * 0.3;
        useJob.setState({ ready: readyFrames(film), newest: index, secondsPerFrame: seconds });
        await gate;
        began = performance.now();
      },
    },
  );
}

function compose(canvas: OffscreenCanvas, frame: RenderedFrame, film: Film, index: number): void {
  const context = canvas.getContext('2d', { alpha: false });
  const pose = film.motion.poses[index];
  if (!context) throw new Error('This browser cannot draw on a canvas.');
  context.drawImage(frame.image, 0, 0, canvas.width, canvas.height);
  frame.image.close();
  const { backdrop } = film.look;
  if (!backdrop || !pose) return;
  // The photo's own background has a hole where its person stands; a plain one is whole.
  const holes = film.settings.background === 'still' ? [film.motion.referencePose, pose] : [pose];
  context.drawImage(steadyMask(backdrop, holes), 0, 0);
}

const missingFrames = ({ keys, store }: Film): number[] =>
  keys.flatMap((key, index) => (store.has(key) ? [] : [index]));

const readyFrames = ({ keys, store }: Film): number[] =>
  keys.flatMap((key, index) => (store.has(key) ? [index] : []));

export function pause(): void {
  if (useJob.getState().status !== 'running') return;
  gate = new Promise((resolve) => {
    openGate = resolve;
  });
  useJob.setState({ status: 'paused' });
}

export function resume(): void {
  if (useJob.getState().status !== 'paused') return;
  closeGate();
  useJob.setState({ status: 'running' });
}

/** Stops within a denoising step; finished frames are kept and can be played, saved and gone on from. */
export async function stop(): Promise<void> {
  if (!isBusy(useJob.getState())) return;
  turn++;
  closeGate();
  useJob.setState({ status: useJob.getState().ready.length > 0 ? 'stopped' : 'idle' });
  await currentEngine().cancel();
}

function closeGate(): void {
  openGate?.();
  openGate = null;
  gate = null;
}

export const dismissJobProblem = (): void =>
  useJob.setState(({ ready }) => ({ problem: null, status: ready.length > 0 ? 'stopped' : 'idle' }));
