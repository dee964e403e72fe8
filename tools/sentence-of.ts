import type { PirouetteError } from '../src/errors.ts';

/** What went wrong, in a sentence, with what can be done where somebody thought of it. */
export function sentenceOf(fault: unknown): string {
  const { message, remedy = '' } = fault instanceof Error ? (fault as Partial<PirouetteError>) : {};
  // A page's error comes with the call before it and its stack behind the first line.
  const [line = ''] = (message ?? String(fault)).split('\n');
  const sentence = line.replace(/^page\.evaluate: (\w*Error: )?/, '');
  return [sentence, remedy].filter(Boolean).join(' ');
}
