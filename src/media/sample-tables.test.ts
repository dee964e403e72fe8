import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { indexIsAbsurd } from './sample-tables.ts';

const bytesOf = (name: string) => new Uint8Array(readFileSync(`fixtures/${name}`));

function at(bytes: Uint8Array, type: string): number {
  const found = Buffer.from(bytes).indexOf(type, 0, 'latin1');
  if (found < 0) throw new Error(`No ${type}`);
  return found + 4;
}

describe('the index of an MP4', () => {
  it.each([
    'motion/dance.mp4',
    'media/b-frames.mp4',
    'media/rotated.mp4',
    'media/variable.mp4',
    'media/uncompressed-sound.mov',
  ])('%s is believed', async (name) => {
    expect(await indexIsAbsurd(new Blob([bytesOf(name)]))).toBe(false);
  });

  it.each([
    ['a run of four thousand million frames', 'stts', 8, 0xffffffff],
    ['as many offsets', 'ctts', 8, 0x7fffffff],
    ['more frames than bytes', 'stsz', 8, 0x00ffffff],
    ['chunks that are not there', 'stsc', 8, 0x0fffffff],
  ])('is not believed with %s', async (_, type, offset, value) => {
    const bytes = bytesOf('media/b-frames.mp4');
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at(bytes, type) + offset, value);
    expect(await indexIsAbsurd(new Blob([bytes]))).toBe(true);
  });

  it('is not believed without its frame sizes', async () => {
    const bytes = bytesOf('media/variable.mp4');
    bytes[at(bytes, 'stsz') - 4] = 0;
    expect(await indexIsAbsurd(new Blob([bytes]))).toBe(true);
  });
});
