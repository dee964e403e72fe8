import { expect, it, vi } from 'vitest';
import type { Job } from './job.ts';

vi.stubGlobal('document', { baseURI: 'http://x/', hidden: false });
vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
vi.stubGlobal('matchMedia', () => ({ matches: false }));
vi.mock('./job.ts', () => ({ useJob: {}, isBusy: () => false }));
const { titleOf } = await import('./awake.ts');

const job = (change: object): Job =>
  ({
    status: 'idle',
    film: { keys: Array(8) },
    ready: [0, 1, 2],
    problem: null,
    ...change,
  }) as unknown as Job;

it('tells how far a dance is in the tab’s title, and that it is done to whoever looks elsewhere', () => {
  expect(titleOf(job({ status: 'running' }), 'Pirouette', true)).toBe('37% · Pirouette');
  expect(titleOf(job({ status: 'paused' }), 'Pirouette', false)).toBe('Paused at 37% · Pirouette');
  expect(titleOf(job({ status: 'finished' }), 'Pirouette', true)).toBe('Done · Pirouette');
  expect(titleOf(job({ status: 'finished' }), 'Pirouette', false)).toBe('Pirouette');
  expect(titleOf(job({ status: 'failed', problem: {} }), 'Pirouette', true)).toBe('Stopped · Pirouette');
});
