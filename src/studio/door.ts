import type {
  EngineApi,
  EngineInfo,
  LoadOptions,
  Reference,
  RenderedFrame,
  RenderOptions,
} from '../engine/api.ts';
import { EngineDiedError, NotReadyError } from '../engine/errors.ts';
import type { PackProgress, PackSource } from '../pack/manifest.ts';
import type { Pose } from '../pose/types.ts';
import { samePack } from './film.ts';
import { later, untilAborted } from './latest.ts';

/** What an engine has been given already, or is being given, so that nobody gives it again. */
interface Given {
  readonly source: PackSource;
  readonly load: string;
  readonly listeners: Set<(progress: PackProgress) => void>;
  readonly loading: Promise<EngineInfo>;
  /** How many wait for it to be loaded. */
  waiting: number;
  isLoaded: boolean;
  references: string | null;
}

export interface LoadWishes {
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: PackProgress): void;
  /** What a fresh load is made ready for; another one is no reason to load again. */
  readonly size?: LoadOptions['size'];
}

export interface PaintJob {
  /** Whose references these are: given once, however often they are asked for. */
  readonly look: string;
  readonly references: () => Promise<readonly Reference[]>;
  readonly poses: readonly Pose[];
  readonly options: RenderOptions;
}

/** The one way to an engine: one signal from the person's button to it, and nothing given twice. */
export class EngineDoor {
  readonly engine: EngineApi;
  #given: Given | null = null;
  #info: EngineInfo | null = null;

  constructor(engine: EngineApi) {
    this.engine = engine;
  }

  /** Of the model that was loaded last. */
  get info(): EngineInfo | null {
    return this.#info;
  }

  /** Loads the pack, unless it is the one that is loaded or on its way. */
  async load(
    source: PackSource,
    load: LoadOptions,
    { signal, onProgress, size }: LoadWishes = {},
  ): Promise<EngineInfo> {
    signal?.throwIfAborted();
    const options = JSON.stringify(load);
    const before = this.#given;
    const isSame = before !== null && before.load === options && samePack(before.source, source);
    const given = isSame ? before : this.#load(source, load, options, size);
    if (onProgress) given.listeners.add(onProgress);
    given.waiting++;
    try {
      return await untilAborted(given.loading, signal);
    } catch (error) {
      // A load that failed is tried again by the next job.
      if (this.#given === given && !signal?.aborted) this.#given = null;
      throw error;
    } finally {
      given.waiting--;
      if (onProgress) given.listeners.delete(onProgress);
      // Nobody waits for it any more: a model need not be fetched for nobody.
      if (signal?.aborted && given.waiting === 0) await this.#giveUp(given);
    }
  }

  #load(source: PackSource, load: LoadOptions, options: string, size: LoadOptions['size']): Given {
    const listeners = new Set<(progress: PackProgress) => void>();
    const loading = this.engine.load(source, size ? { ...load, size } : load, (progress) => {
      for (const listener of listeners) listener(progress);
    });
    const given: Given = {
      source,
      load: options,
      listeners,
      loading,
      waiting: 0,
      isLoaded: false,
      references: null,
    };
    this.#given = given;
    loading.then(
      (info) => {
        given.isLoaded = true;
        this.#info = info;
      },
      () => undefined,
    );
    return given;
  }

  async #giveUp(given: Given): Promise<void> {
    if (given.isLoaded || this.#given !== given) return;
    this.#given = null;
    await this.engine.cancel().catch(() => undefined);
  }

  /** Sets the references of a loaded engine, unless it has these already. */
  async give(
    look: string,
    references: () => Promise<readonly Reference[]>,
    signal?: AbortSignal,
  ): Promise<void> {
    const given = this.#given;
    if (given?.references === look) return;
    const pictures = await references();
    try {
      signal?.throwIfAborted();
      if (given) given.references = null;
      await untilAborted(this.#heard(this.engine.setReferences(pictures)), signal);
      if (given) given.references = look;
    } finally {
      for (const { image } of pictures) image.close();
    }
  }

  /**
   * Paints the poses in order. The next frame starts when the one before has been dealt with; its image is the
   * receiver's to close. The signal stops the engine within a denoising step.
   */
  async *paint(job: PaintJob, signal: AbortSignal): AsyncGenerator<RenderedFrame> {
    await this.give(job.look, job.references, signal);
    signal.throwIfAborted();
    const frames: { frame: RenderedFrame; taken: () => void }[] = [];
    let news = later();
    let isOver = false;
    let hasLeft = false;
    const painting = this.#heard(
      this.engine.animate(job.poses, job.options, (frame) => {
        if (hasLeft) return frame.image.close();
        const { promise, resolve: taken } = later();
        frames.push({ frame, taken });
        news.resolve();
        return promise;
      }),
    ).finally(() => {
      isOver = true;
      news.resolve();
    });
    // Awaited at the end, or not at all where the receiver has left.
    painting.catch(() => undefined);
    // At once, and not when the receiver asks for the next frame. Not waited for: an engine that hangs would take the
    // button that stops it along.
    const stop = () => void this.engine.cancel().catch(() => undefined);
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (true) {
        const next = frames.shift();
        if (next) {
          try {
            yield next.frame;
          } finally {
            next.taken();
          }
        } else if (isOver) {
          await painting;
          return;
        } else {
          await untilAborted(news.promise, signal);
          news = later();
          // What came in between has rung the bell that was just put away.
          if (isOver || frames.length > 0) news.resolve();
        }
        signal.throwIfAborted();
      }
    } finally {
      hasLeft = true;
      for (const { frame, taken } of frames) {
        frame.image.close();
        taken();
      }
      signal.removeEventListener('abort', stop);
      if (!isOver && !signal.aborted) stop();
    }
  }

  /** An engine that died, or that lost its model, has to be given everything again. */
  async #heard<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof EngineDiedError || error instanceof NotReadyError) this.#given = null;
      throw error;
    }
  }
}
