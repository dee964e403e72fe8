import { PirouetteError } from '../errors.ts';

/** What went wrong and what the person can do about it, in words for the screen. */
export interface Problem {
  readonly message: string;
  readonly remedy: string;
}

/** A fault that was shown already, now in the way of rendering. */
export class PlanError extends PirouetteError {
  constructor({ message, remedy }: Problem) {
    super(message, remedy);
  }
}

/** Null where nothing went wrong: the person themself stopped it. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Error && (error.name === 'CancelledError' || error.name === 'AbortError')) return null;
  if (error instanceof PirouetteError) return { message: error.message, remedy: error.remedy };
  const detail = error instanceof Error ? error.message : String(error);
  return {
    message: `Something unexpected happened: ${detail}`,
    remedy: 'Try again. If it happens again, reload the page; finished frames are kept.',
  };
}
