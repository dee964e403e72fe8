import { type About, xmpBytes } from './about.ts';
import { ByteSink } from './byte-sink.ts';
import { within } from './deadline.ts';
import { CannotEncodeError } from './errors.ts';
import { type FrameImage, FramePainter, type FrameWriter } from './frame-writer.ts';
import { ascii } from './sniff.ts';

export interface WebpOptions {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** 0 to 1. */
  readonly quality?: number;
  readonly about?: About;
  readonly to?: FileSystemFileHandle;
}

const HEADER_BYTES = 12 + 18 + 14;
const ALPHA = 0x10;
const XMP = 0x04;
const ANIMATION = 0x02;
/** Each frame replaces what was there instead of being laid over it. */
const REPLACE = 0x02;

/** The browser encodes the frames one by one; this puts them into one animated file. */
class WebpWriter implements FrameWriter {
  readonly #options: WebpOptions;
  readonly #sink: ByteSink;
  readonly #painter: FramePainter;
  #frame = 0;
  #alpha = false;

  constructor(options: WebpOptions) {
    this.#options = options;
    this.#sink = new ByteSink(options.to);
    this.#painter = new FramePainter(options);
  }

  async add(image: FrameImage): Promise<void> {
    const { width, height, frameRate, quality = 0.85 } = this.#options;
    const canvas = this.#painter.paint(image);
    const still = await within('Writing the picture', canvas.convertToBlob({ type: 'image/webp', quality }));
    if (still.type !== 'image/webp') throw new CannotEncodeError('WebP pictures');
    const picture = imageChunks(new Uint8Array(await still.arrayBuffer()));
    this.#alpha ||= picture.alpha;
    const tick = (index: number) => Math.round((1000 * index) / frameRate);
    const frame = new Uint8Array(16 + picture.bytes.length);
    put24(frame, 6, width - 1);
    put24(frame, 9, height - 1);
    put24(frame, 12, tick(this.#frame + 1) - tick(this.#frame));
    frame[15] = REPLACE;
    frame.set(picture.bytes, 16);
    if (this.#frame === 0) await this.#sink.write(new Uint8Array(HEADER_BYTES));
    this.#frame++;
    await this.#sink.write(chunk('ANMF', frame));
  }

  async finish(): Promise<Blob> {
    await this.#sink.write(chunk('XMP ', xmpBytes(this.#options.about)));
    await this.#sink.write(this.#header(), 0);
    return this.#sink.finish('image/webp');
  }

  cancel(): Promise<void> {
    return this.#sink.discard();
  }

  #header(): Uint8Array {
    const extended = new Uint8Array(10);
    extended[0] = ANIMATION | XMP | (this.#alpha ? ALPHA : 0);
    put24(extended, 4, this.#options.width - 1);
    put24(extended, 7, this.#options.height - 1);
    // Background colour and loop count: none and for ever.
    const parts = [chunk('VP8X', extended), chunk('ANIM', new Uint8Array(6))];
    const header = new Uint8Array(HEADER_BYTES);
    header.set(new TextEncoder().encode('RIFF'), 0);
    new DataView(header.buffer).setUint32(4, this.#sink.size - 8, true);
    header.set(new TextEncoder().encode('WEBP'), 8);
    let at = 12;
    for (const part of parts) {
      header.set(part, at);
      at += part.length;
    }
    return header;
  }
}

function put24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >> 8) & 0xff;
  bytes[at + 2] = (value >> 16) & 0xff;
}

/** A RIFF chunk, padded to an even length. */
function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + content.length + (content.length & 1));
  bytes.set(new TextEncoder().encode(type), 0);
  new DataView(bytes.buffer).setUint32(4, content.length, true);
  bytes.set(content, 8);
  return bytes;
}

/** The chunks of a still WebP that hold its pixels, as they go into a frame. */
function imageChunks(file: Uint8Array): { readonly bytes: Uint8Array; readonly alpha: boolean } {
  const data = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const parts: Uint8Array[] = [];
  let alpha = false;
  for (let at = 12; at + 8 <= file.length; ) {
    const type = ascii(file, at, 4);
    const end = at + 8 + data.getUint32(at + 4, true);
    const padded = end + (end & 1);
    if (type === 'VP8 ' || type === 'VP8L' || type === 'ALPH') parts.push(file.subarray(at, padded));
    // A lossless picture says in its own header whether it is transparent.
    alpha ||= type === 'ALPH' || (type === 'VP8L' && ((file[at + 12] ?? 0) & 0x10) !== 0);
    at = padded;
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, alpha };
}

export async function writeWebp(options: WebpOptions): Promise<FrameWriter> {
  return new WebpWriter(options);
}
