import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPictureHeader } from './picture-header.ts';
import { type PictureFormat, sniff } from './sniff.ts';

const fixture = (name: string) => new Uint8Array(readFileSync(`fixtures/media/${name}`));

function header(bytes: Uint8Array) {
  const kind = sniff(bytes);
  if (kind.kind !== 'picture') throw new Error('Not a picture');
  return readPictureHeader(kind.format, bytes);
}

describe('the header of a picture', () => {
  it.each([
    ['photo.png', 160, 160, false],
    ['photo.jpg', 160, 160, false],
    ['photo.webp', 160, 160, false],
    ['photo.avif', 96, 64, false],
    ['moving.gif', 128, 96, true],
  ])('%s: size and whether it moves', (name, width, height, animated) => {
    expect(header(fixture(name))).toMatchObject({ size: { width, height }, animated, truncated: false });
  });

  it.each(['photo.png', 'photo.jpg', 'photo.webp', 'photo.avif', 'moving.gif'])(
    '%s: a cut is noticed',
    (name) => {
      const bytes = fixture(name);
      for (const share of [0.3, 0.6, 0.95]) {
        expect(header(bytes.slice(0, bytes.length * share)).truncated, `${share}`).toBe(true);
      }
    },
  );

  it.each(['little', 'big'])('reads the EXIF orientation, %s-endian, and where it lies', (order) => {
    const little = order === 'little';
    const tiff = new DataView(new ArrayBuffer(26));
    tiff.setUint16(0, little ? 0x4949 : 0x4d4d);
    tiff.setUint16(2, 42, little);
    tiff.setUint32(4, 8, little);
    tiff.setUint16(8, 1, little);
    tiff.setUint16(10, 0x0112, little);
    tiff.setUint16(12, 3, little);
    tiff.setUint32(14, 1, little);
    tiff.setUint16(18, 6, little);
    const exif = [...new TextEncoder().encode('Exif\0\0'), ...new Uint8Array(tiff.buffer)];
    const jpeg = fixture('photo.jpg');
    const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2, ...exif, ...jpeg.slice(2)]);
    const { orientation, orientationAt } = header(bytes);
    expect(orientation).toBe(6);
    expect(bytes[orientationAt]).toBe(6);
  });

  it('says nothing of formats that it does not read', () => {
    const format: PictureFormat = 'BMP';
    expect(readPictureHeader(format, new Uint8Array(60))).toMatchObject({ size: null, truncated: false });
  });
});
