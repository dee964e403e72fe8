import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeKind, sniff } from './sniff.ts';

const fixture = (name: string) => new Uint8Array(readFileSync(`fixtures/media/${name}`));
const text = (content: string) => new TextEncoder().encode(content);

describe('what a file is', () => {
  it.each([
    ['photo.png', 'PNG'],
    ['photo.jpg', 'JPEG'],
    ['photo.webp', 'WebP'],
    ['photo.avif', 'AVIF'],
    ['moving.gif', 'GIF'],
    ['clap.mp4', 'MP4'],
    ['uncompressed-sound.mov', 'MOV'],
    ['odd.webm', 'WebM'],
  ])('%s is %s by its bytes', (name, format) => {
    expect(sniff(fixture(name))).toMatchObject({ format });
  });

  it.each([
    [text('Hello, I am a text.'), 'a text file'],
    [text('Füße und 舞踊'), 'a text file'],
    [text('%PDF-1.7 ...'), 'a PDF document'],
    [Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0), 'a zip archive'],
    [Uint8Array.of(1, 2, 3, 0xff, 0xfe, 0, 0, 1), 'something unknown'],
  ])('names what is neither picture nor video', (bytes, description) => {
    expect(sniff(bytes)).toEqual({ kind: 'other', description });
  });

  it('tells a HEIC photo from an AVIF that lists the same brand', () => {
    const ftyp = (...brands: string[]) =>
      Uint8Array.from([
        0,
        0,
        0,
        16 + 4 * brands.length,
        ...text(`ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`),
      ]);
    expect(sniff(ftyp('heic', 'mif1'))).toMatchObject({ format: 'HEIC' });
    expect(sniff(ftyp('mif1', 'avif'))).toMatchObject({ format: 'AVIF' });
  });

  it('is spoken of with the right article', () => {
    expect(describeKind({ kind: 'video', format: 'MP4' })).toBe('an MP4 video');
    expect(describeKind({ kind: 'picture', format: 'PNG' })).toBe('a PNG picture');
  });
});
