import { create } from 'zustand';
import {
  type ChosenFile,
  type ImportedPack,
  importWeights,
  listImported,
  removeHalves,
  removeImported,
} from '../client/import.ts';
import { choosePack, DEFAULT_PACK, type Task, useChoices } from './choices.ts';
import { type Problem, problemOf } from './problem.ts';

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

let running: AbortController | null = null;

/** Makes a pack of a person's weights, keeps it, and uses it from here on. */
export async function startImport(chosen: readonly ChosenFile[]): Promise<void> {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  useImporting.setState({ task: { label: 'Reading the weights', share: null }, problem: null, notes: [] });
  let shown = -1;
  const onProgress = (done: number, total: number) => {
    const percent = Math.floor((100 * done) / total);
    if (percent === shown || running !== mine) return;
    shown = percent;
    useImporting.setState({ task: { label: 'Importing the weights', share: percent / 100 } });
  };
  try {
    const precision = useImporting.getState().inHalf ? 'int8' : 'f16';
    const { pack, notes } = await importWeights(chosen, precision, onProgress, mine.signal);
    useImporting.setState({ notes });
    choosePack(packChoice(pack));
  } catch (error) {
    if (running === mine) useImporting.setState({ problem: mine.signal.aborted ? null : problemOf(error) });
    await removeHalves().catch(() => undefined);
  }
  if (running === mine) {
    running = null;
    useImporting.setState({ task: null });
  }
  await lookForImported();
}

/** The same for weights that were dropped on the page: it shows what becomes of them. */
export function importDropped(chosen: readonly ChosenFile[]): void {
  useImporting.setState({ isDropped: true });
  void startImport(chosen);
}

export const storeInHalf = (inHalf: boolean): void => useImporting.setState({ inHalf });
export const lookAway = (): void => useImporting.setState({ isDropped: false });
export const dismissImport = (): void => useImporting.setState({ problem: null, notes: [] });
export const cancelImport = (): void => running?.abort();

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
