/// <reference path="./gifenc.d.ts" />
import { applyPalette, GIFEncoder, quantize } from 'gifenc';
import { type About, xmpBytes } from './about.ts';
import { ByteSink } from './byte-sink.ts';
import { type FrameImage, FramePainter, type FrameWriter } from './frame-writer.ts';

export interface GifOptions {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** A fine pattern that hides the steps between 255 colours. Off unless asked for: smooth ground looks calmer. */
  readonly dither?: boolean;
  readonly about?: About;
  readonly to?: FileSystemFileHandle;
}

/** The last index of each palette: the pixel stays as it was. */
const KEEP = 255;
/** A pixel that changed by no more than this in any channel since it was drawn is not drawn again. */
const UNSEEN_CHANGE = 6;
/** Browsers play anything shorter than two hundredths of a second far too slowly. */
const SHORTEST = 2;
const DITHER_STRENGTH = 7;

/** Bayer's 8 by 8 thresholds. Ordered, because error diffusion crawls from frame to frame and compresses badly. */
const THRESHOLDS = Float32Array.from({ length: 64 }, (_, i) => {
  const x = i % 8;
  const y = i >> 3;
  let rank = 0;
  for (let bit = 0; bit < 3; bit++) {
    rank = rank * 4 + ((((x ^ y) >> bit) & 1) * 2 + ((y >> bit) & 1));
  }
  return rank / 64 - 0.5;
});

/** When a frame is shown, in hundredths of a second. */
const tick = (frame: number, frameRate: number) => Math.round((100 * frame) / frameRate);

/** The frame that follows in a GIF: those in between come too fast for one and are left out. */
export function nextGifFrame(frame: number, frameRate: number): number {
  let next = frame + 1;
  while (tick(next, frameRate) - tick(frame, frameRate) < SHORTEST) next++;
  return next;
}

class GifWriter implements FrameWriter {
  readonly #options: GifOptions;
  readonly #sink: ByteSink;
  readonly #painter: FramePainter;
  readonly #encoder = GIFEncoder({ auto: false, initialCapacity: 1 << 16 });
  #frame = 0;
  #nextShown = 0;
  /** The picture as it was when each of its pixels was last drawn. */
  #drawn: Uint8ClampedArray | null = null;

  constructor(options: GifOptions) {
    this.#options = options;
    this.#sink = new ByteSink(options.to);
    this.#painter = new FramePainter(options, { readBack: true });
  }

  async add(image: FrameImage): Promise<void> {
    const { width, height, frameRate, dither = false } = this.#options;
    const frame = this.#frame++;
    if (frame < this.#nextShown) return;
    this.#nextShown = nextGifFrame(frame, frameRate);
    const pixels = this.#painter.pixels(image);
    const kept = this.#keepUnchanged(pixels);
    const palette = quantize(pixels, KEEP);
    if (dither) addThresholds(pixels, width);
    const index = applyPalette(pixels, palette);
    for (let i = 0; kept && i < index.length; i++) if (kept[i]) index[i] = KEEP;
    while (palette.length <= KEEP) palette.push([0, 0, 0]);
    const first = kept === null;
    if (first) this.#encoder.writeHeader();
    this.#encoder.writeFrame(index, width, height, {
      first,
      palette,
      delay: 10 * (tick(this.#nextShown, frameRate) - tick(frame, frameRate)),
      transparent: !first,
      transparentIndex: KEEP,
      dispose: 1,
    });
    await this.#sink.write(this.#encoder.bytesView());
    this.#encoder.reset();
  }

  async finish(): Promise<Blob> {
    await this.#sink.write(xmpExtension(this.#options.about));
    await this.#sink.write(Uint8Array.of(0x3b));
    return this.#sink.finish('image/gif');
  }

  cancel(): Promise<void> {
    return this.#sink.discard();
  }

  /** Marks the pixels that may stay; null for the first frame, which draws them all. */
  #keepUnchanged(pixels: Uint8ClampedArray): Uint8Array | null {
    const drawn = this.#drawn;
    if (drawn === null) {
      this.#drawn = pixels.slice();
      return null;
    }
    const kept = new Uint8Array(pixels.length / 4);
    const change = (at: number) => Math.abs((pixels[at] ?? 0) - (drawn[at] ?? 0));
    for (let i = 0, at = 0; i < kept.length; i++, at += 4) {
      if (Math.max(change(at), change(at + 1), change(at + 2)) <= UNSEEN_CHANGE) kept[i] = 1;
      else drawn.set(pixels.subarray(at, at + 4), at);
    }
    return kept;
  }
}

function addThresholds(pixels: Uint8ClampedArray, width: number): void {
  for (let i = 0, at = 0; at < pixels.length; i++, at += 4) {
    const x = i % width;
    const y = (i - x) / width;
    const shift = (THRESHOLDS[(y & 7) * 8 + (x & 7)] ?? 0) * DITHER_STRENGTH;
    for (let channel = at; channel < at + 3; channel++) pixels[channel] = (pixels[channel] ?? 0) + shift;
  }
}

/**
 * XMP lies in a GIF as plain bytes, not in the format's length-prefixed blocks; a tail of all byte values leads every
 * reader that takes it for blocks to its end.
 */
function xmpExtension(about: About | undefined): Uint8Array {
  const head = [0x21, 0xff, 11, ...new TextEncoder().encode('XMP DataXMP')];
  const tail = [1, ...Array.from({ length: 256 }, (_, i) => 255 - i), 0];
  return Uint8Array.from([...head, ...xmpBytes(about), ...tail]);
}

export async function writeGif(options: GifOptions): Promise<FrameWriter> {
  return new GifWriter(options);
}
