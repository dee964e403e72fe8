import { expect, it, vi } from 'vitest';
import { CancelledError } from '../errors.ts';
import { settle } from '../studio/testing/world.ts';

vi.stubGlobal('document', { baseURI: 'http://x/' });
vi.stubGlobal('navigator', { hardwareConcurrency: 2 });

const world = vi.hoisted(() => ({ running: [] as string[], swept: [] as string[][] }));
vi.mock('../client/engine.ts', () => ({
  createEngine: () => ({ onNotice() {} }),
}));
vi.mock('../client/pose.ts', () => ({ FOR_FILES: {}, PoseClient: class {} }));
vi.mock('../client/import.ts', () => ({
  importWeights: ([{ path }]: [{ path: string }], _: unknown, __: unknown, signal: AbortSignal) =>
    new Promise((resolve, reject) => {
      world.running.push(path);
      const end = () => world.running.splice(world.running.indexOf(path), 1);
      signal.addEventListener('abort', () => {
        end();
        reject(new CancelledError());
      });
      setTimeout(() => {
        if (signal.aborted) return;
        end();
        resolve({ pack: { id: path, name: path }, notes: [] });
      }, 30);
    }),
  listImported: async () => [],
  removeHalves: async () => void world.swept.push([...world.running]),
  removeImported: async () => undefined,
}));

const { startImport, cancelImport, useImporting } = await import('./import-weights.ts');
const { useChoices } = await import('./choices.ts');

const chosen = (path: string) => [{ path, file: new Blob([]) as File }];

it('weights dropped during an import take its place, and what they have half written is left alone', async () => {
  const first = startImport(chosen('first'));
  await settle(5);
  const second = startImport(chosen('second'));
  await Promise.all([first, second]);
  expect(useChoices.getState().pack.name).toBe('second');
  expect(useImporting.getState()).toMatchObject({ task: null, problem: null });
  // Halves were swept, and never while an import was at work.
  expect(world.swept.length).toBeGreaterThan(0);
  expect(world.swept.flat()).toEqual([]);
});

it('a cancelled import says nothing and leaves nothing', async () => {
  const run = startImport(chosen('third'));
  await settle(5);
  cancelImport();
  await run;
  expect(useImporting.getState()).toMatchObject({ task: null, problem: null });
  expect(useChoices.getState().pack.name).toBe('second');
});
