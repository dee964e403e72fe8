import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faultsOfSet } from './check-set.ts';

const JOINTS = Array.from({ length: 18 }, (_, index) => [index, index, 1]);
const PAIR = {
  reference: 'a.png',
  referenceJoints: JOINTS,
  target: 'b.png',
  targetJoints: JOINTS,
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pirouette-set-'));
  for (const file of ['a.png', 'b.png']) writeFileSync(join(folder, file), '');
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (file: string, entries: unknown) =>
  writeFileSync(join(folder, file), typeof entries === 'string' ? entries : JSON.stringify(entries));

it('takes the set that is shipped', () => {
  expect(faultsOfSet('eval/heldout')).toEqual([]);
});

it('takes pairs without masks and without clips, and joints that are not seen', () => {
  write('pairs.json', [PAIR, { ...PAIR, targetJoints: [null, [3, 4], ...JOINTS.slice(2)] }]);
  expect(faultsOfSet(folder)).toEqual([]);
});

it('says what a file is not', () => {
  expect(faultsOfSet(folder)).toEqual([`${folder} has no pairs.json.`]);
  write('pairs.json', '[{');
  expect(faultsOfSet(folder)).toEqual([expect.stringContaining('is not JSON')]);
  write('pairs.json', { pairs: [PAIR] });
  expect(faultsOfSet(folder)).toEqual([expect.stringContaining('is not a list')]);
  write('pairs.json', []);
  expect(faultsOfSet(folder)).toEqual([expect.stringContaining('has no pairs')]);
});

it('names each entry that lacks something', () => {
  write('pairs.json', [
    { ...PAIR, target: 'c.png' },
    { ...PAIR, targetJoints: JOINTS.slice(1), mask: 'm.png' },
    { ...PAIR, reference: undefined, referenceJoints: [...JOINTS.slice(1), [1, Number.NaN, 1]] },
  ]);
  write('clips.json', [
    { reference: 'a.png', referenceJoints: JOINTS, joints: [JOINTS, []], still: 'b.png' },
  ]);
  expect(faultsOfSet(folder)).toEqual([
    'Pair 1: c.png is not there.',
    'Pair 2: targetJoints must be 18 joints, each [x, y, seen], [x, y] or null.',
    'Pair 2: m.png is not there.',
    'Pair 3: there is no reference.',
    'Pair 3: referenceJoints must be 18 joints, each [x, y, seen], [x, y] or null.',
    'Clip 1: joints must be a list of poses, each of 18 joints.',
  ]);
});
