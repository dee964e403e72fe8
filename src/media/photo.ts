import { context2d } from './canvas.ts';
import { PATIENCE, within } from './deadline.ts';
import {
  DamagedFileError,
  EmptyFileError,
  FileAccessError,
  FileError,
  PictureTooLargeError,
  TruncatedFileError,
  UnknownFileError,
  UnsupportedPictureError,
  WrongKindError,
} from './errors.ts';
import { type PictureHeader, readPictureHeader } from './picture-header.ts';
import { describeKind, type PictureFormat, readBytes, SNIFF_BYTES, sniff } from './sniff.ts';

export interface PhotoOptions {
  /** Neither side comes out longer than this many pixels. */
  readonly maxSide?: number;
  /** What shows through where the picture is transparent: any CSS colour. */
  readonly ground?: string;
}

export interface Photo {
  /** Upright, opaque, at most `maxSide`; the caller's to close. */
  readonly image: ImageBitmap;
  readonly width: number;
  readonly height: number;
  /** The picture's own size, upright. */
  readonly fullWidth: number;
  readonly fullHeight: number;
  readonly format: PictureFormat;
  /** What the person should know: sentences, mostly none. */
  readonly notes: readonly string[];
}

/** Above this many pixels a JPEG is decoded at a fraction of its size; others still have to fit in memory whole. */
const MANY_PIXELS = 24e6;
const MOST_PIXELS = 160e6;
/** JPEGs shrink while they are decoded, but a progressive one keeps all its coefficients until the end. */
const MOST_JPEG_PIXELS = 600e6;
const MOST_BYTES = 512e6;
/** A slow, busy processor still decodes this many in a second. */
const PIXELS_A_SECOND = 1.5e6;

/** Not every browser opens these: one that fails may well be whole. */
const RARE: ReadonlySet<PictureFormat> = new Set(['HEIC', 'TIFF', 'AVIF', 'JPEG XL', 'SVG']);

const MIME_TYPES: Readonly<Record<PictureFormat, string>> = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  WebP: 'image/webp',
  AVIF: 'image/avif',
  GIF: 'image/gif',
  BMP: 'image/bmp',
  HEIC: 'image/heic',
  TIFF: 'image/tiff',
  'JPEG XL': 'image/jxl',
  SVG: 'image/svg+xml',
};

export async function openPhoto(
  file: Blob,
  { maxSide = 2048, ground = '#ffffff' }: PhotoOptions = {},
): Promise<Photo> {
  const { format, bytes } = await readPicture(file);
  const header = readPictureHeader(format, bytes);
  if (header.truncated) throw new TruncatedFileError('picture');
  refuseTooLarge(format, header);
  // The type is set by content, because some browsers decode by type alone.
  const picture = new Blob([bytes], { type: MIME_TYPES[format] });
  const { width: across = 0, height: down = 0 } = header.size ?? {};
  const decoded = await within(
    'Opening the picture',
    decode(picture, bytes, format, header, maxSide),
    PATIENCE + (across * down) / PIXELS_A_SECOND,
  );
  try {
    const fullWidth = decoded.full?.width ?? decoded.source.width;
    const fullHeight = decoded.full?.height ?? decoded.source.height;
    const image = flatten(decoded.source, maxSide, ground);
    const notes = [
      ...(header.animated ? ['This picture moves; its first frame is used.'] : []),
      ...(header.alpha && isTransparent(decoded.source)
        ? ['Its transparent parts are filled with a plain colour.']
        : []),
    ];
    return { image, width: image.width, height: image.height, fullWidth, fullHeight, format, notes };
  } finally {
    decoded.source.close();
  }
}

async function readPicture(file: Blob): Promise<{ format: PictureFormat; bytes: Uint8Array<ArrayBuffer> }> {
  if (file.size === 0) throw new EmptyFileError();
  try {
    const kind = sniff(await readBytes(file, 0, SNIFF_BYTES));
    if (kind.kind === 'video') throw new WrongKindError('photo', describeKind(kind));
    if (kind.kind === 'other') throw new UnknownFileError('photo', kind.description);
    if (file.size > MOST_BYTES) throw new UnsupportedPictureError(`${kind.format} (over 500 MB)`);
    return { format: kind.format, bytes: await readBytes(file, 0, file.size) };
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileAccessError({ cause: error });
  }
}

function refuseTooLarge(format: PictureFormat, { size }: PictureHeader): void {
  if (size === null) return;
  const { width, height } = size;
  if (width * height > (format === 'JPEG' ? MOST_JPEG_PIXELS : MOST_PIXELS)) {
    throw new PictureTooLargeError(width, height);
  }
}

interface Decoded {
  readonly source: ImageBitmap;
  /** The upright full size, where `source` is smaller. */
  readonly full?: { readonly width: number; readonly height: number };
}

async function decode(
  picture: Blob,
  bytes: Uint8Array<ArrayBuffer>,
  format: PictureFormat,
  header: PictureHeader,
  maxSide: number,
): Promise<Decoded> {
  const { size } = header;
  try {
    if (format === 'JPEG' && size && size.width * size.height > MANY_PIXELS && 'ImageDecoder' in globalThis) {
      return await decodeReduced(bytes, size, header, maxSide);
    }
    return { source: await createImageBitmap(picture, { imageOrientation: 'from-image' }) };
  } catch (cause) {
    if (RARE.has(format)) throw new UnsupportedPictureError(format, { cause });
    throw new DamagedFileError('picture', { cause });
  }
}

/**
 * Large JPEGs are decoded at 1/2, 1/4 or 1/8 of their size, as the format allows: a 100-megapixel photo never takes
 * its 400 MB. Browsers differ in whether they turn such a picture upright, so
 * its orientation is blanked first and the turn made here.
 */
async function decodeReduced(
  bytes: Uint8Array<ArrayBuffer>,
  size: { width: number; height: number },
  { orientation, orientationAt }: PictureHeader,
  maxSide: number,
): Promise<Decoded> {
  const scale = Math.max(1 / 8, Math.min(1, maxSide / Math.max(size.width, size.height)));
  if (orientationAt > 0) bytes[orientationAt] = 1;
  const decoder = new ImageDecoder({
    data: bytes,
    type: MIME_TYPES.JPEG,
    desiredWidth: Math.round(size.width * scale),
    desiredHeight: Math.round(size.height * scale),
  });
  try {
    const { image } = await decoder.decode({ completeFramesOnly: true });
    try {
      const source = await turn(image, orientation);
      const lying = orientation >= 5;
      return {
        source,
        full: lying ? { width: size.height, height: size.width } : { width: size.width, height: size.height },
      };
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}

/** EXIF orientations as [a, b, c, d] of a canvas transform, before it is moved back into view. */
const TURNS: readonly (readonly [number, number, number, number])[] = [
  [1, 0, 0, 1],
  [-1, 0, 0, 1],
  [-1, 0, 0, -1],
  [1, 0, 0, -1],
  [0, 1, 1, 0],
  [0, 1, -1, 0],
  [0, -1, -1, 0],
  [0, -1, 1, 0],
];

async function turn(image: VideoFrame, orientation: number): Promise<ImageBitmap> {
  const [a, b, c, d] = TURNS[orientation - 1] ?? [1, 0, 0, 1];
  const [width, height] = [image.displayWidth, image.displayHeight];
  const canvas = new OffscreenCanvas(Math.abs(a * width + c * height), Math.abs(b * width + d * height));
  const context = context2d(canvas);
  context.setTransform(a, b, c, d, a + c < 0 ? canvas.width : 0, b + d < 0 ? canvas.height : 0);
  context.drawImage(image, 0, 0);
  return canvas.transferToImageBitmap();
}

/** Looked at on a small copy: many files have an alpha channel that hides nothing. */
function isTransparent(source: ImageBitmap): boolean {
  const side = 128;
  const context = context2d(new OffscreenCanvas(side, side));
  context.drawImage(source, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  return data.some((value, at) => at % 4 === 3 && value < 250);
}

function flatten(source: ImageBitmap, maxSide: number, ground: string): ImageBitmap {
  const scale = Math.min(1, maxSide / Math.max(source.width, source.height));
  const width = Math.max(1, Math.round(source.width * scale));
  const height = Math.max(1, Math.round(source.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = context2d(canvas);
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  return canvas.transferToImageBitmap();
}
