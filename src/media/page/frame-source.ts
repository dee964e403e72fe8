import { Arrivals } from '../arrivals.ts';
import { context2d } from '../canvas.ts';

export interface CameraFrame {
  /** The receiver's to close, or to transfer. */
  readonly image: ImageBitmap;
  /** When the camera took it, on `performance.now()`'s clock, as far as the browser knows. */
  readonly takenAt: number;
}

/** The frames that a `<video>` shows, each time the newest one. */
export class FrameSource {
  mirror: boolean;
  protected readonly video: HTMLVideoElement;
  readonly #arrivals = new Arrivals();
  readonly #canvas = new OffscreenCanvas(1, 1);
  #takenAt = 0;

  constructor(video: HTMLVideoElement, mirror: boolean) {
    this.video = video;
    this.mirror = mirror;
    this.#watch();
  }

  get width(): number {
    return this.video.videoWidth;
  }

  get height(): number {
    return this.video.videoHeight;
  }

  /**
   * Each time the newest frame, when there is one that was not given yet: a slow loop skips, and nothing queues. `by` is
   * the moment until which a fresher one is worth waiting for.
   */
  async *frames({
    maxSide = Infinity,
    ...options
  }: {
    signal?: AbortSignal;
    maxSide?: number;
    by?: () => number;
  } = {}): AsyncGenerator<CameraFrame> {
    for await (const _ of this.#arrivals.newest(options)) {
      yield { image: this.#capture(maxSide), takenAt: this.#takenAt };
    }
  }

  /** The frame that is seen now. */
  snapshot(): ImageBitmap {
    return this.#capture(Infinity);
  }

  protected get isOpen(): boolean {
    return this.#arrivals.isOpen;
  }

  /** No frame comes any more; whoever waits for one hears of the fault, if it is one. */
  protected end(fault?: Error): void {
    this.#arrivals.end(fault);
  }

  /** A new frame is there. */
  protected arrived(): void {
    this.#arrivals.arrive();
  }

  #watch(): void {
    this.video.requestVideoFrameCallback((now, { captureTime }) => {
      if (!this.isOpen) return;
      this.#takenAt = captureTime ?? now;
      this.arrived();
      this.#watch();
    });
  }

  #capture(maxSide: number): ImageBitmap {
    const scale = Math.min(1, maxSide / Math.max(this.width, this.height));
    const width = Math.round(this.width * scale);
    const height = Math.round(this.height * scale);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    const context = context2d(this.#canvas, { alpha: false });
    context.setTransform(this.mirror ? -1 : 1, 0, 0, 1, this.mirror ? width : 0, 0);
    context.drawImage(this.video, 0, 0, width, height);
    return this.#canvas.transferToImageBitmap();
  }
}
