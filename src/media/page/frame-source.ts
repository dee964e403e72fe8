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
  protected shownAt = 0;
  readonly #canvas = new OffscreenCanvas(1, 1);
  #shown = 0;
  #fault: Error | undefined;
  #isOpen = true;
  #changed = Promise.withResolvers<void>();

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

  /** Each time the newest frame, when there is one that was not given yet: a slow loop skips, and nothing queues. */
  async *frames({
    signal,
    maxSide = Infinity,
  }: {
    signal?: AbortSignal;
    maxSide?: number;
  } = {}): AsyncGenerator<CameraFrame> {
    const stop = () => this.#wake();
    signal?.addEventListener('abort', stop);
    try {
      let given = 0;
      for (;;) {
        while (this.#shown === given && this.#isOpen && !signal?.aborted) await this.nextChange();
        if (this.#fault && !signal?.aborted) throw this.#fault;
        if (signal?.aborted || !this.#isOpen) return;
        given = this.#shown;
        yield { image: this.#capture(maxSide), takenAt: this.shownAt };
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** The frame that is seen now. */
  snapshot(): ImageBitmap {
    return this.#capture(Infinity);
  }

  protected get isOpen(): boolean {
    return this.#isOpen;
  }

  /** No frame comes any more; whoever waits for one hears of the fault, if it is one. */
  protected end(fault?: Error): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#fault = fault;
    this.#wake();
  }

  protected nextChange(): Promise<void> {
    return this.#changed.promise;
  }

  #watch(): void {
    this.video.requestVideoFrameCallback((now, { captureTime }) => {
      if (!this.#isOpen) return;
      this.#shown++;
      this.shownAt = captureTime ?? now;
      this.#wake();
      this.#watch();
    });
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
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
