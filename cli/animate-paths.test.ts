import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseOptions } from './animate-options.ts';
import { AnimateError, checkPaths, pathsFrom } from './animate-paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'pirouette-paths-'));
const at = (name: string) => join(folder, name);
writeFileSync(at('a.png'), 'a');
writeFileSync(at('b.mp4'), 'b');
mkdirSync(at('empty'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = (...more: string[]) =>
  parseOptions([
    ...['--reference', at('a.png'), '--motion', at('b.mp4')],
    ...(more.includes('--out') ? [] : ['--out', at('c.mp4')]),
    ...more,
  ]);

describe('checkPaths', () => {
  it('is content with what is there and with a pack', () => {
    checkPaths(options());
    checkPaths(options('--pack', at('empty'), '--frames', at('new/frames')));
    checkPaths(options('--pack', 'https://example.org/pack/'));
  });

  it.each([
    [['--reference', at('nobody.png')], /nobody\.png is not there/],
    [['--reference', at('empty')], /not a file/],
    [['--pack', at('gone')], /gone is not there/],
    [['--out', at('b.mp4')], /would replace/],
    [['--out', at('a.png/c.mp4')], /cannot be written/],
    [['--frames', at('a.png')], /cannot be written/],
  ])('names the fault in %j', (more, message) => {
    expect(() => checkPaths(options(...more))).toThrow(AnimateError);
    expect(() => checkPaths(options(...more))).toThrow(message);
  });
});

it('takes relative paths from where the person stands', () => {
  const asked = parseOptions([
    ...['--reference', 'a.png', '--motion', at('b.mp4'), '--out', 'c.mp4'],
    ...['--pack', 'https://example.org/pack/'],
  ]);
  const moved = pathsFrom(folder, asked);
  expect(moved.references).toEqual([relative('', at('a.png'))]);
  expect(moved).toMatchObject({ motion: at('b.mp4'), pack: 'https://example.org/pack/', poses: undefined });
  checkPaths(moved);
  expect(pathsFrom(process.cwd(), asked)).toEqual(asked);
});
