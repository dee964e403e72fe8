import { context2d } from './canvas.ts';
import { ClipFrame } from './clip-frame.ts';
import type { FrameImage } from './frame-writer.ts';

export interface PanelOptions {
  /** Each panel is scaled to this height. */
  readonly height: number;
  readonly gap?: number;
  /** Any CSS colour. */
  readonly ground?: string;
}

/** Pictures side by side, such as reference, pose and result; one layout serves all frames. */
export class PanelLayout {
  readonly width: number;
  readonly height: number;
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  readonly #places: readonly { readonly x: number; readonly width: number }[];
  readonly #ground: string;

  constructor(
    sizes: readonly { readonly width: number; readonly height: number }[],
    { height, gap = 0, ground = '#ffffff' }: PanelOptions,
  ) {
    let x = 0;
    this.#places = sizes.map((size) => {
      const place = { x, width: Math.round((size.width * height) / size.height) };
      x += place.width + gap;
      return place;
    });
    this.width = x - gap;
    this.height = height;
    this.#ground = ground;
    this.#canvas = new OffscreenCanvas(this.width, height);
    this.#context = context2d(this.#canvas);
    this.#context.imageSmoothingQuality = 'high';
  }

  /** The canvas is the same one every time. */
  draw(images: readonly FrameImage[]): OffscreenCanvas {
    this.#context.fillStyle = this.#ground;
    this.#context.fillRect(0, 0, this.width, this.height);
    this.#places.forEach(({ x, width }, i) => {
      const image = images[i];
      if (image instanceof ClipFrame) image.draw(this.#context, x, 0, width, this.height);
      else if (image) this.#context.drawImage(image, x, 0, width, this.height);
    });
    return this.#canvas;
  }
}
