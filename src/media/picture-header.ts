import type { PictureFormat } from './sniff.ts';
import { ascii } from './sniff.ts';

/** What a picture's container says about it, read without decoding a pixel. */
export interface PictureHeader {
  /** As stored, before the EXIF rotation; null where the format's header was not understood. */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly animated: boolean;
  /** Whether pixels may be transparent. */
  readonly alpha: boolean;
  /** Whether the file ends before its own structure does. */
  readonly truncated: boolean;
  /** EXIF orientation, 1 to 8; 1 is upright. Read for JPEG, whose large files are decoded another way. */
  readonly orientation: number;
  /** Where in the file the orientation's low byte lies; 0 without one. */
  readonly orientationAt: number;
}

const UPRIGHT = {
  animated: false,
  alpha: false,
  truncated: false,
  orientation: 1,
  orientationAt: 0,
} as const;

export function readPictureHeader(format: PictureFormat, bytes: Uint8Array): PictureHeader {
  try {
    switch (format) {
      case 'PNG':
        return pngHeader(bytes);
      case 'JPEG':
        return jpegHeader(bytes);
      case 'WebP':
        return webpHeader(bytes);
      case 'GIF':
        return gifHeader(bytes);
      case 'AVIF':
        return avifHeader(bytes);
      default:
        return { ...UPRIGHT, size: null };
    }
  } catch (error) {
    // A read past the end of the bytes.
    if (error instanceof RangeError) return { ...UPRIGHT, size: null, truncated: true };
    throw error;
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function pngHeader(bytes: Uint8Array): PictureHeader {
  const data = view(bytes);
  const colourType = data.getUint8(25);
  const header = { ...UPRIGHT, size: { width: data.getUint32(16), height: data.getUint32(20) } };
  let animated = false;
  let alpha = colourType === 4 || colourType === 6;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const type = ascii(bytes, at + 4, 4);
    if (type === 'acTL') animated = true;
    if (type === 'tRNS') alpha = true;
    at += 12 + data.getUint32(at);
    if (type === 'IEND') return { ...header, animated, alpha, truncated: at > bytes.length };
  }
  return { ...header, animated, alpha, truncated: true };
}

function jpegHeader(bytes: Uint8Array): PictureHeader {
  const data = view(bytes);
  let turn = { orientation: 1, orientationAt: 0 };
  for (let at = 2; ; ) {
    while (data.getUint8(at) === 0xff && data.getUint8(at + 1) === 0xff) at++;
    const marker = data.getUint8(at + 1);
    if (data.getUint8(at) !== 0xff) return { ...UPRIGHT, size: null };
    const length = data.getUint16(at + 2);
    if (marker === 0xe1 && ascii(bytes, at + 4, 4) === 'Exif') {
      turn = exifOrientation(bytes.subarray(at + 10, at + 2 + length));
      if (turn.orientationAt > 0) turn.orientationAt += at + 10;
    }
    // Start of frame, all kinds but the tables that share the range (DHT, JPG, DAC).
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const size = { width: data.getUint16(at + 7), height: data.getUint16(at + 5) };
      return { ...UPRIGHT, ...turn, size, truncated: !endsWithJpegMarker(bytes) };
    }
    at += 2 + length;
  }
}

/** Some cameras pad or append after the end marker, so it is looked for in all of the file's last part. */
function endsWithJpegMarker(bytes: Uint8Array): boolean {
  const from = Math.max(2, bytes.length - 65_536);
  for (let at = bytes.length - 2; at >= from; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}

function exifOrientation(tiff: Uint8Array): { orientation: number; orientationAt: number } {
  const data = view(tiff);
  const little = ascii(tiff, 0, 2) === 'II';
  const directory = data.getUint32(4, little);
  const entries = data.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12;
    if (data.getUint16(entry, little) !== 0x0112) continue;
    const value = data.getUint16(entry + 8, little);
    if (value >= 1 && value <= 8) return { orientation: value, orientationAt: entry + (little ? 8 : 9) };
  }
  return { orientation: 1, orientationAt: 0 };
}

function webpHeader(bytes: Uint8Array): PictureHeader {
  const data = view(bytes);
  const truncated = data.getUint32(4, true) + 8 > bytes.length;
  const chunk = ascii(bytes, 12, 4);
  const header = { ...UPRIGHT, truncated };
  if (chunk === 'VP8X') {
    const flags = data.getUint8(20);
    const side = (at: number) => 1 + data.getUint16(at, true) + (data.getUint8(at + 2) << 16);
    const size = { width: side(24), height: side(27) };
    return { ...header, size, alpha: (flags & 0x10) !== 0, animated: (flags & 0x02) !== 0 };
  }
  if (chunk === 'VP8L') {
    const bits = data.getUint32(21, true);
    const size = { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
    return { ...header, size, alpha: ((bits >>> 28) & 1) === 1 };
  }
  const size = { width: data.getUint16(26, true) & 0x3fff, height: data.getUint16(28, true) & 0x3fff };
  return { ...header, size };
}

function gifHeader(bytes: Uint8Array): PictureHeader {
  const data = view(bytes);
  const size = { width: data.getUint16(6, true), height: data.getUint16(8, true) };
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let frames = 0;
  let alpha = false;
  let at = 13 + table(data.getUint8(10));
  const skipBlocks = () => {
    while (data.getUint8(at) !== 0) at += 1 + data.getUint8(at);
    at++;
  };
  try {
    for (;;) {
      const block = data.getUint8(at);
      if (block === 0x3b) return { ...UPRIGHT, size, alpha, animated: frames > 1 };
      if (block === 0x21) {
        if (frames === 0 && data.getUint8(at + 1) === 0xf9 && data.getUint8(at + 3) & 1) alpha = true;
        at += 2;
      } else {
        frames++;
        at += 11 + table(data.getUint8(at + 9));
      }
      skipBlocks();
    }
  } catch {
    return { ...UPRIGHT, size, alpha, animated: frames > 1, truncated: true };
  }
}

/** AVIF: the largest `ispe` is the picture (others are its tiles and its alpha plane). */
function avifHeader(bytes: Uint8Array): PictureHeader {
  const data = view(bytes);
  let width = 0;
  let height = 0;
  let alpha = false;
  const meta = Math.min(bytes.length - 16, 65_536);
  for (let at = 4; at < meta; at++) {
    if (bytes[at] === 0x69 && ascii(bytes, at, 4) === 'ispe') {
      width = Math.max(width, data.getUint32(at + 8));
      height = Math.max(height, data.getUint32(at + 12));
    }
    if (bytes[at] === 0x61 && ascii(bytes, at, 4) === 'auxC') alpha = true;
  }
  let truncated = false;
  for (let at = 0; at < bytes.length; ) {
    const size = data.getUint32(at);
    // 0: to the end of the file; 1: a 64-bit size follows.
    const length = size === 1 ? Number(data.getBigUint64(at + 8)) : size === 0 ? bytes.length - at : size;
    if (length < 8) break;
    at += length;
    truncated = at > bytes.length;
  }
  const size = width > 0 && height > 0 ? { width, height } : null;
  return { ...UPRIGHT, size, alpha, truncated, animated: ascii(bytes, 8, 4) === 'avis' };
}
