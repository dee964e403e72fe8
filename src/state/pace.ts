/** How long painting takes on this device, from what it did before: told before somebody presses, not after. */
import { expected, type Pace, type Work, withPace } from './foretell.ts';
import { useJob } from './job.ts';

const KEY = 'pace';

function kept(): readonly Pace[] {
  try {
    const paces: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(paces) ? paces.filter(({ seconds }) => seconds > 0) : [];
  } catch {
    // Storage is blocked, or holds what an older version wrote.
    return [];
  }
}

export const secondsExpected = (work: Work): number | null => expected(kept(), work);

/** Takes note of every film that is painted. */
export function notePaces(): void {
  useJob.subscribe(({ status, film, secondsPerFrame }, before) => {
    const hasEnded = before.status === 'running' && status !== 'running';
    if (!hasEnded || !film || secondsPerFrame === null) return;
    const { steps } = film.options;
    const pace = { width: film.motion.size.width, height: film.motion.size.height, steps };
    try {
      localStorage.setItem(KEY, JSON.stringify(withPace(kept(), { ...pace, seconds: secondsPerFrame })));
    } catch {
      // Where nothing may be kept, nothing is foretold.
    }
  });
}
