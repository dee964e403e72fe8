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
    [text('<!DOCTYPE html><html><body>Not found</body></html>'), 'a web page'],
    [text('%PDF-1.7 ...'), 'a PDF document'],
    [Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0), 'a zip archive'],
    [Uint8Array.of(1, 2, 3, 0xff, 0xfe, 0, 0, 1), 'of an unknown kind'],
  ])('names what is neither picture nor video', (bytes, description) => {
    expect(sniff(bytes)).toEqual({ kind: 'other', description });
  });

  it.each([
    [text('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'), 'an SVG picture'],
    [Uint8Array.of(0xff, 0x0a, 0, 1, 2, 3, 4, 5), 'a JPEG XL picture'],
    [text('\0\0\0\fJXL \r\n'), 'a JPEG XL picture'],
    [Uint8Array.of(0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11), 'a WMV video'],
    [text('FLV\u0001\u0005\0\0\0\t'), 'an FLV video'],
  ])('knows what it cannot open by name', (bytes, description) => {
    expect(describeKind(sniff(bytes))).toBe(description);
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
