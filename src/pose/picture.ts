/**
 * MediaPipe's outlines come in rows of whole words: for a picture whose width is no multiple of four it does not say so,
 * it aborts, and never answers again. So such a picture is widened on its right by up to three columns, each the last one
 * again, and what is found is cut back. Nothing is scaled: every pixel of the outline is the pixel's own.
 */

export type PoseSource = ImageBitmap | VideoFrame | ImageData;

const ROW = 4;

/** The picture itself where its width is fit, else a wider copy. */
export function inWholeRows(source: PoseSource): PoseSource {
  const { width, height } = sizeOf(source);
  const wide = Math.ceil(width / ROW) * ROW;
  if (wide === width) return source;
  const canvas = new OffscreenCanvas(wide, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser cannot draw on a canvas.');
  if (source instanceof ImageData) context.putImageData(source, 0, 0);
  else context.drawImage(source, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, width - 1, 0, 1, height, width, 0, wide - width, height);
  return context.getImageData(0, 0, wide, height);
}

/** The first columns of a mask of shares, as bytes. */
export function columnsOf(mask: Float32Array, wide: number, width: number): Uint8Array<ArrayBuffer> {
  const height = mask.length / wide;
  const bytes = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) bytes[y * width + x] = Math.round((mask[y * wide + x] ?? 0) * 255);
  }
  return bytes;
}

export function sizeOf(source: PoseSource): { width: number; height: number } {
  return 'displayWidth' in source
    ? { width: source.displayWidth, height: source.displayHeight }
    : { width: source.width, height: source.height };
}
