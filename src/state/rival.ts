/** A second film, beside the one on the stage, to compare the two. */
import { create } from 'zustand';
import { type Film, Latest, type Reel } from '../studio/index.ts';
import { useJob } from './job.ts';
import { problemOf } from './problem.ts';
import { studio } from './studio.ts';

export const useRival = create<{ readonly film: Film | null }>(() => ({ film: null }));

const latest = new Latest();
let reel: Reel | null = null;

export const rivalReel = (film: Film): Reel | null => (reel?.film.id === film.id ? reel : null);

/** Null for the photo. */
export async function compareWith(id: string | null): Promise<void> {
  const signal = latest.begin();
  try {
    const opened = id === null ? null : await studio.open(id);
    if (signal.aborted) return opened?.close();
    reel?.close();
    reel = opened;
    useRival.setState({ film: opened?.film ?? null });
  } catch (error) {
    useJob.setState({ problem: problemOf(error) });
  }
}
