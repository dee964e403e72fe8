import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clipFingerprint, fingerprint } from '../studio/fingerprint.ts';
import type { Example, ExamplePoses } from './examples.ts';

const read = (name: string) => readFileSync(`public/examples/${name}`);
const { references, clips } = JSON.parse(read('examples.json').toString()) as Record<
  'references' | 'clips',
  (Example & { seconds: number; width: number })[]
>;
const posesOf = (id: string): ExamplePoses => JSON.parse(read(`${id}.poses.json`).toString());

/** If one of these fails, tools/example-poses/make.ts was not run after the examples were changed. */
describe('the examples’ poses', () => {
  it.each(references)('were found in the photo of $title as it is', async ({ id, file, width }) => {
    const { of, people } = posesOf(id);
    expect(of).toBe(await fingerprint(new Blob([read(file)])));
    expect(people).toHaveLength(1);
    expect(people?.[0]).toMatchObject({ width });
  });

  it.each(clips)('were found in the whole of the dance $title as it is', async ({ id, file, seconds }) => {
    const { of, sightings = [] } = posesOf(id);
    expect(of).toBe(await clipFingerprint(new Blob([read(file)])));
    expect(sightings.at(-1)?.time).toBeGreaterThan(seconds - 0.1);
    expect(sightings.every(({ people }) => people.length === 1)).toBe(true);
  });
});
