import { context2d } from './canvas.ts';
import { ClipFrame } from './clip-frame.ts';

/** What can be written as a frame. It is drawn at once, so the caller may close or change it after `add`. */
export type FrameImage = CanvasImageSource | ClipFrame;

export interface FrameTiming {
  readonly timestamp: number;
  readonly duration: number;
}

/** A file being written, one frame at a time. */
export interface FrameWriter {
  /** Resolves when there is room for the next frame. Without `timing`, frames follow at the chosen rate. */
  add(image: FrameImage, timing?: FrameTiming): Promise<void>;
  /** The finished file, with its MIME type. */
  finish(): Promise<Blob>;
  /** Gives up and leaves nothing behind. */
  cancel(): Promise<void>;
}

/** One canvas on which each frame is brought to the result's size. */
export class FramePainter {
  readonly canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  readonly #width: number;
  readonly #height: number;

  /** Frames are scaled to `width` by `height`; a canvas that is smaller cuts off their right and lower edge. */
  constructor(
    size: { readonly width: number; readonly height: number },
    {
      canvas = size,
      readBack = false,
    }: { canvas?: { width: number; height: number }; readBack?: boolean } = {},
  ) {
    this.#width = size.width;
    this.#height = size.height;
    this.canvas = new OffscreenCanvas(canvas.width, canvas.height);
    this.#context = context2d(this.canvas, { willReadFrequently: readBack });
    this.#context.imageSmoothingQuality = 'high';
  }

  paint(image: FrameImage): OffscreenCanvas {
    // Opaque: nothing of the frame before may shine through.
    this.#context.clearRect(0, 0, this.#width, this.#height);
    if (image instanceof ClipFrame) image.draw(this.#context, 0, 0, this.#width, this.#height);
    else this.#context.drawImage(image, 0, 0, this.#width, this.#height);
    return this.canvas;
  }

  pixels(image: FrameImage): Uint8ClampedArray {
    this.paint(image);
    return this.#context.getImageData(0, 0, this.canvas.width, this.canvas.height).data;
  }
}
