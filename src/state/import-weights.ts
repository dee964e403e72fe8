import { create } from 'zustand';
import {
  type ChosenFile,
  type ImportedPack,
  importWeights,
  listImported,
  removeHalves,
  removeImported,
} from '../client/import.ts';
import { Latest } from '../studio/latest.ts';
import { choosePack, DEFAULT_PACK, type Task, useChoices } from './choices.ts';
import { type Problem, problemOf } from './problem.ts';
import { studio } from './studio.ts';

export interface Importing {
  readonly task: Task | null;
  readonly problem: Problem | null;
  /** What the last import left out or assumed. */
  readonly notes: readonly string[];
  /** The packs made in this browser so far; null until looked for. */
  readonly kept: readonly ImportedPack[] | null;
  /** Weights were dropped on the page, and the person has not looked away from what became of them. */
  readonly isDropped: boolean;
  /** The next import stores large weights in 8 bits. */
  readonly inHalf: boolean;
}

export const useImporting = create<Importing>(() => ({
  task: null,
  problem: null,
  notes: [],
  kept: null,
  isDropped: false,
  inHalf: false,
}));

const latest = new Latest();
/** Held by every import, in whichever tab: what it has half written is no leftover. */
const IMPORTING = 'weights-importing';
const PATIENCE_MS = 1000;

/** Makes a pack of a person's weights, keeps it, and uses it from here on. */
export async function startImport(chosen: readonly ChosenFile[]): Promise<void> {
  const signal = latest.begin();
  useImporting.setState({ task: { label: 'Reading the weights', share: null }, problem: null, notes: [] });
  let shown = -1;
  const onProgress = (done: number, total: number) => {
    const percent = Math.floor((100 * done) / total);
    if (percent === shown || signal.aborted) return;
    shown = percent;
    useImporting.setState({ task: { label: 'Importing the weights', share: percent / 100 } });
  };
  const letGo = await studio.store.locks.hold(IMPORTING, 'shared');
  try {
    const precision = useImporting.getState().inHalf ? 'int8' : 'f16';
    const { pack, notes } = await importWeights(chosen, precision, onProgress, signal);
    signal.throwIfAborted();
    useImporting.setState({ notes });
    choosePack(packChoice(pack));
  } catch (error) {
    if (!signal.aborted) useImporting.setState({ problem: problemOf(error) });
  } finally {
    letGo();
  }
  await sweepHalves();
  if (!signal.aborted) useImporting.setState({ task: null });
  await lookForImported();
}

/** Deletes what imports that were cut short left, unless one is at work: its folder looks just the same. */
async function sweepHalves(): Promise<void> {
  // A lock that was let go of a moment ago is free a moment later: it is waited for, but no other tab's import is.
  const letGo = await studio.store.locks
    .hold(IMPORTING, 'exclusive', AbortSignal.timeout(PATIENCE_MS))
    .catch(() => null);
  if (!letGo) return;
  await removeHalves()
    .catch(() => undefined)
    .finally(letGo);
}

/** The same for weights that were dropped on the page: it shows what becomes of them. */
export function importDropped(chosen: readonly ChosenFile[]): void {
  useImporting.setState({ isDropped: true });
  void startImport(chosen);
}

export const storeInHalf = (inHalf: boolean): void => useImporting.setState({ inHalf });
export const lookAway = (): void => useImporting.setState({ isDropped: false });
export const dismissImport = (): void => useImporting.setState({ problem: null, notes: [] });
export function cancelImport(): void {
  latest.abort();
  useImporting.setState({ task: null });
}

export async function lookForImported(): Promise<void> {
  // No private file system, as in some private windows: nothing was kept.
  useImporting.setState({ kept: await listImported().catch(() => []) });
}

export function chooseImported(pack: ImportedPack): void {
  useImporting.setState({ problem: null, notes: [] });
  choosePack(packChoice(pack));
}

export async function forgetImported({ id }: ImportedPack): Promise<void> {
  const { source } = useChoices.getState().pack;
  if (source.kind === 'imported' && source.id === id) choosePack(DEFAULT_PACK);
  await removeImported(id);
  await lookForImported();
}

const packChoice = ({ id, name }: ImportedPack) => ({
  ...DEFAULT_PACK,
  name,
  source: { kind: 'imported', id } as const,
});
