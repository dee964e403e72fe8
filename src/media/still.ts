import { type About, xmpPacket } from './about.ts';
import { crc32 } from './crc32.ts';
import { within } from './deadline.ts';
import { type FrameImage, FramePainter } from './frame-writer.ts';

/** One frame as a PNG that says what it was made with. */
export async function writeStill(image: FrameImage, about?: About): Promise<Blob> {
  const painter = new FramePainter(sizeOf(image));
  return new Blob([await encodePng(painter.paint(image), about)], { type: 'image/png' });
}

function sizeOf(image: FrameImage): { width: number; height: number } {
  if ('displayWidth' in image) return { width: image.displayWidth, height: image.displayHeight };
  const { width, height } = image;
  // SVG images measure themselves in lengths of their own.
  if (typeof width !== 'number' || typeof height !== 'number')
    throw new TypeError('This image has no size in pixels.');
  return { width, height };
}

export async function encodePng(canvas: OffscreenCanvas, about?: About): Promise<Uint8Array<ArrayBuffer>> {
  const blob = await within('Writing the picture', canvas.convertToBlob({ type: 'image/png' }));
  return withXmp(new Uint8Array(await blob.arrayBuffer()), about);
}

/** Signature and IHDR; the text goes right behind them, where every reader finds it before the pixels. */
const TEXT_AT = 8 + 25;

function withXmp(png: Uint8Array, about: About | undefined): Uint8Array<ArrayBuffer> {
  // Keyword, then: not compressed, no language, no translated keyword.
  const content = new TextEncoder().encode(`iTXtXML:com.adobe.xmp\0\0\0\0\0${xmpPacket(about)}`);
  const chunk = new Uint8Array(8 + content.length);
  const data = new DataView(chunk.buffer);
  data.setUint32(0, content.length - 4);
  chunk.set(content, 4);
  data.setUint32(4 + content.length, crc32(content));
  const result = new Uint8Array(png.length + chunk.length);
  result.set(png.subarray(0, TEXT_AT), 0);
  result.set(chunk, TEXT_AT);
  result.set(png.subarray(TEXT_AT), TEXT_AT + chunk.length);
  return result;
}
