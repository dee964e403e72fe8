import type { VideoSample } from 'mediabunny';
import { context2d } from './canvas.ts';

/** One decoded frame; it holds decoder memory until it is closed, so close it soon. */
export class ClipFrame {
  /** Counted from the start of the trim. */
  readonly index: number;
  /** From the start of the trim: where the frame belongs in the result. */
  readonly time: number;
  readonly duration: number;
  /** From the start of the clip: where the frame comes from. */
  readonly timestamp: number;
  /** The decoded frame as the file holds it, not yet turned upright. */
  readonly sample: VideoSample;

  constructor(
    sample: VideoSample,
    place: { index: number; time: number; duration: number; timestamp: number },
  ) {
    this.sample = sample;
    this.index = place.index;
    this.time = place.time;
    this.duration = place.duration;
    this.timestamp = place.timestamp;
  }

  /** Upright, in square pixels. */
  get width(): number {
    return this.sample.displayWidth;
  }

  get height(): number {
    return this.sample.displayHeight;
  }

  /** Draws the frame upright. */
  draw(
    context: OffscreenCanvasRenderingContext2D,
    x: number,
    y: number,
    width: number,
    height: number,
  ): void {
    this.sample.draw(context, x, y, width, height);
  }

  /** The frame upright, scaled down to `maxSide` if it is larger; the caller's to close. */
  bitmap({ maxSide = Infinity }: { readonly maxSide?: number } = {}): ImageBitmap {
    const scale = Math.min(1, maxSide / Math.max(this.width, this.height));
    return this.#scaled(Math.round(this.width * scale), Math.round(this.height * scale));
  }

  /** The frame upright at a height, for filmstrips; the caller's to close. */
  thumbnail(height: number): ImageBitmap {
    return this.#scaled(Math.round((this.width * height) / this.height), height);
  }

  #scaled(width: number, height: number): ImageBitmap {
    const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
    const context = context2d(canvas, { alpha: false });
    context.imageSmoothingQuality = 'medium';
    this.draw(context, 0, 0, canvas.width, canvas.height);
    return canvas.transferToImageBitmap();
  }

  close(): void {
    this.sample.close();
  }
}
