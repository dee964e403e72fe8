/** What a file is, by its first bytes: names and MIME types are only what somebody once wrote on the box. */
export type FileKind =
  | { readonly kind: 'picture'; readonly format: PictureFormat }
  | { readonly kind: 'video'; readonly format: VideoFormat }
  | { readonly kind: 'other'; readonly description: string };

export type VideoFormat = 'MP4' | 'MOV' | 'WebM' | 'MKV' | 'AVI' | 'MPEG' | 'WMV' | 'FLV';
export type PictureFormat =
  | 'PNG'
  | 'JPEG'
  | 'WebP'
  | 'AVIF'
  | 'GIF'
  | 'BMP'
  | 'HEIC'
  | 'TIFF'
  | 'JPEG XL'
  | 'SVG';

/** Enough bytes for every signature below. */
export const SNIFF_BYTES = 4096;

const ISO_PICTURES: Readonly<Record<string, PictureFormat>> = {
  avif: 'AVIF',
  avis: 'AVIF',
  heic: 'HEIC',
  heix: 'HEIC',
  heim: 'HEIC',
  heis: 'HEIC',
  hevc: 'HEIC',
  mif1: 'HEIC',
  msf1: 'HEIC',
};

export function ascii(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

function startsWith(bytes: Uint8Array, ...signature: number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

function isoKind(bytes: Uint8Array): FileKind {
  const brands = [ascii(bytes, 8, 4)];
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  for (let at = 16; at + 4 <= Math.min(size, bytes.length); at += 4) brands.push(ascii(bytes, at, 4));
  // 'mif1' names both AVIF and HEIC; the more telling brand may come later in the list.
  if (brands.includes('avif') || brands.includes('avis')) return { kind: 'picture', format: 'AVIF' };
  const picture = ISO_PICTURES[brands[0] ?? ''];
  if (picture) return { kind: 'picture', format: picture };
  return { kind: 'video', format: brands[0] === 'qt  ' ? 'MOV' : 'MP4' };
}

function looksLikeText(bytes: Uint8Array): boolean {
  try {
    // A multi-byte character may be cut at the end of what was read: `stream` forgives that.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return ![...text].some((character) => character < '\t' || (character > '\r' && character < '\u001b'));
  } catch {
    return false;
  }
}

function textKind(text: string): FileKind {
  if (/<svg[\s>]/i.test(text)) return { kind: 'picture', format: 'SVG' };
  // What a server says in place of a picture that it does not have.
  if (/^\s*<(!doctype html|html)/i.test(text)) return { kind: 'other', description: 'a web page' };
  return { kind: 'other', description: 'a text file' };
}

const OTHERS: readonly (readonly [signature: string, description: string])[] = [
  ['%PDF', 'a PDF document'],
  ['PK\u0003\u0004', 'a zip archive'],
  ['ID3', 'a sound file'],
  ['OggS', 'an Ogg file'],
  ['fLaC', 'a sound file'],
];

export function sniff(bytes: Uint8Array): FileKind {
  if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47)) return { kind: 'picture', format: 'PNG' };
  if (startsWith(bytes, 0xff, 0xd8, 0xff)) return { kind: 'picture', format: 'JPEG' };
  if (ascii(bytes, 0, 4) === 'GIF8') return { kind: 'picture', format: 'GIF' };
  if (ascii(bytes, 0, 4) === 'RIFF') {
    const form = ascii(bytes, 8, 4);
    if (form === 'WEBP') return { kind: 'picture', format: 'WebP' };
    if (form === 'AVI ') return { kind: 'video', format: 'AVI' };
    return { kind: 'other', description: 'a sound file' };
  }
  if (startsWith(bytes, 0x1a, 0x45, 0xdf, 0xa3)) {
    return { kind: 'video', format: ascii(bytes, 0, 64).includes('matroska') ? 'MKV' : 'WebM' };
  }
  if (startsWith(bytes, 0xff, 0x0a) || ascii(bytes, 4, 4) === 'JXL ') {
    return { kind: 'picture', format: 'JPEG XL' };
  }
  const box = ascii(bytes, 4, 4);
  if (box === 'ftyp') return isoKind(bytes);
  // Old QuickTime files begin without `ftyp`.
  if (['moov', 'mdat', 'wide', 'free', 'skip', 'pnot'].includes(box)) return { kind: 'video', format: 'MOV' };
  if (startsWith(bytes, 0x49, 0x49, 0x2a, 0) || startsWith(bytes, 0x4d, 0x4d, 0, 0x2a)) {
    return { kind: 'picture', format: 'TIFF' };
  }
  if (startsWith(bytes, 0, 0, 1, 0xba) || (bytes[0] === 0x47 && bytes[188] === 0x47)) {
    return { kind: 'video', format: 'MPEG' };
  }
  if (startsWith(bytes, 0x30, 0x26, 0xb2, 0x75)) return { kind: 'video', format: 'WMV' };
  if (ascii(bytes, 0, 3) === 'FLV') return { kind: 'video', format: 'FLV' };
  if (ascii(bytes, 0, 2) === 'BM' && bytes.length > 26) return { kind: 'picture', format: 'BMP' };
  for (const [signature, description] of OTHERS) {
    if (ascii(bytes, 0, signature.length) === signature) return { kind: 'other', description };
  }
  if (looksLikeText(bytes)) return textKind(ascii(bytes, 0, bytes.length));
  return { kind: 'other', description: 'of an unknown kind' };
}

export async function kindOf(file: Blob): Promise<FileKind['kind']> {
  return sniff(await readBytes(file, 0, SNIFF_BYTES)).kind;
}

export async function readBytes(file: Blob, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(start, end).arrayBuffer());
}

/** "a WebM video": how a sentence names the kind of a file. */
export function describeKind(kind: FileKind): string {
  if (kind.kind === 'other') return kind.description;
  return `${/^(A|M|F|SVG)/.test(kind.format) ? 'an' : 'a'} ${kind.format} ${kind.kind}`;
}
