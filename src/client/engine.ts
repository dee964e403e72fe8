/**
 * The page's side of the engine worker: the engine's own interface, and the one place where broken engines are mended. A
 * lost device, a device that does not answer and a dead worker all end in a new worker with the same model and references,
 * which does the frame at hand again. What fails twice is an error that the person sees; the next call starts afresh.
 */
import * as Comlink from 'comlink';
import type {
  EngineApi,
  EngineInfo,
  EngineNotice,
  EngineService,
  LoadOptions,
  Reference,
  RenderedFrame,
  RenderOptions,
} from '../engine/api.ts';
import {
  DeviceLostError,
  DeviceStalledError,
  EngineDiedError,
  NotFiniteError,
  NotReadyError,
} from '../engine/errors.ts';
import type { PackProgress, PackSource } from '../pack/manifest.ts';
import type { Pose } from '../pose/types.ts';
import { type Ask, type Beat, WorkerHandle } from './worker-handle.ts';
import './wire.ts';

/** What a new worker is given, so that it stands where the old one stood. */
interface Model {
  readonly source: PackSource;
  readonly options: LoadOptions;
  readonly onProgress?: ((progress: PackProgress) => void) | undefined;
}

/** Seconds without a sign of life: a step of a large model on the processor keeps its worker silent for minutes. */
const SILENCE = 600;

const startWorker = () =>
  new Worker(new URL('../../workers/engine.worker.ts', import.meta.url), { type: 'module' });

export function createEngine(): EngineClient {
  return new EngineClient();
}

export class EngineClient implements EngineApi {
  readonly #listeners: EngineNotice[] = [];
  readonly #worker: WorkerHandle<EngineService>;
  /** The one that is being loaded, until it is there; and the one that was there last. */
  #loading: Model | undefined;
  #model: Model | undefined;
  #references: readonly Reference[] = [];
  #info: EngineInfo | undefined;
  /** What was mended since the model was loaded. */
  #mended: string[] = [];
  /** Asks the worker even while it is made ready. */
  #atOnce: Ask<EngineService> | undefined;
  readonly #beats = new Set<Beat>();
  /** Another model, or the end: what was asked before is not done again. */
  #era = 0;

  constructor(start: () => Worker = startWorker) {
    this.#worker = new WorkerHandle<EngineService>({
      start,
      prepare: (ask) => this.#prepare(ask),
      died: (reason) => new EngineDiedError(reason),
      isFatal: (error) => error instanceof DeviceLostError || error instanceof DeviceStalledError,
    });
  }

  /**
   * Always in a new worker: memory that ONNX Runtime once took from the system is given back only with the worker,
   * and its number of threads is fixed when it starts. When loading fails, the next call finds the model before.
   */
  async load(
    source: PackSource,
    options: LoadOptions,
    onProgress?: (progress: PackProgress) => void,
  ): Promise<EngineInfo> {
    const model = { source, options, onProgress };
    this.#begin('another model was loaded.');
    this.#loading = model;
    try {
      await this.#ask(async () => undefined);
      this.#model = { source, options };
      return this.#info as EngineInfo;
    } finally {
      if (this.#loading === model) this.#loading = undefined;
    }
  }

  onNotice(listener: EngineNotice): void {
    this.#listeners.push(listener);
  }

  async setReferences(references: readonly Reference[]): Promise<void> {
    const copies = await Promise.all(
      references.map(async ({ image, pose }) => ({ image: await createImageBitmap(image), pose })),
    );
    for (const { image } of this.#references) image.close();
    this.#references = copies;
    // A worker that is yet to start is given them when it does.
    if (this.#worker.isRunning) await this.#ask((remote) => remote.setReferences(this.#references));
  }

  async renderFrame(pose: Pose, options: RenderOptions): Promise<RenderedFrame> {
    const era = this.#era;
    const question = () => this.#ask((remote) => remote.renderFrame(pose, options));
    try {
      return await question();
    } catch (error) {
      if (!this.#mend(error, era)) throw error;
      return question();
    }
  }

  async animate(
    poses: readonly Pose[],
    options: RenderOptions,
    onFrame: (frame: RenderedFrame) => Promise<void> | void,
    onProgress?: (progress: { readonly done: number; readonly total: number }) => void,
  ): Promise<number> {
    const era = this.#era;
    let received = 0;
    let failedAt = -1;
    const told = onProgress && Comlink.proxy(onProgress);
    for (;;) {
      const first = received;
      let taking: Promise<void> | undefined;
      try {
        await this.#ask((remote, beat) => {
          const receive = async (frame: RenderedFrame) => {
            beat();
            received = frame.index + 1;
            taking = Promise.resolve(onFrame(frame));
            await taking;
          };
          return remote.animate(poses, options, Comlink.proxy(receive), told, first);
        });
        return poses.length;
      } catch (error) {
        // Twice at one frame: a third worker would not finish it either.
        if (received === failedAt || !this.#mend(error, era)) throw error;
        failedAt = received;
        await taking;
      }
    }
  }

  async cancel(): Promise<void> {
    // A worker that is gone has nothing to stop; one that is made ready is stopped in that.
    if (!this.#worker.isRunning) return;
    await this.#atOnce?.((remote) => remote.cancel(), SILENCE).catch((error) => {
      if (!(error instanceof EngineDiedError)) throw error;
    });
  }

  async info(): Promise<EngineInfo | undefined> {
    if (!this.#worker.isRunning) return undefined;
    const info = await this.#ask((remote) => remote.info());
    return info && { ...info, notices: [...this.#mended, ...info.notices] };
  }

  async dispose(): Promise<void> {
    this.#begin('it was closed.');
    for (const { image } of this.#references) image.close();
    this.#references = [];
    this.#model = undefined;
  }

  /** Ends the worker: calls in flight are done again in a new one, with the same model and references. */
  restart(reason: string): void {
    this.#worker.end(reason);
  }

  #begin(reason: string): void {
    this.#era++;
    this.#mended = [];
    this.#loading = undefined;
    this.#worker.end(reason);
  }

  async #ask<T>(question: (remote: Comlink.Remote<EngineService>, beat: Beat) => Promise<T>): Promise<T> {
    if (!this.#loading && !this.#model) throw new NotReadyError('No model is loaded.', 'Load a model first.');
    return this.#worker.ask((remote, beat) => this.#hearing(beat, question(remote, beat)), SILENCE);
  }

  /** Every sign of life counts for all that wait. */
  async #hearing<T>(beat: Beat, answer: Promise<T>): Promise<T> {
    this.#beats.add(beat);
    try {
      return await answer;
    } finally {
      this.#beats.delete(beat);
    }
  }

  /** Model and references, before anything else is asked of a new worker. */
  async #prepare(ask: Ask<EngineService>): Promise<void> {
    this.#atOnce = ask;
    const { source, options, onProgress } = this.#loading ?? this.#model ?? {};
    if (source === undefined || options === undefined) return;
    const hear = Comlink.proxy((notice: string) => this.#notify(notice));
    const live = Comlink.proxy(() => {
      for (const beat of this.#beats) beat();
    });
    this.#info = await ask((remote, beat) => {
      // In one go: messages keep their order, so nothing comes between.
      void remote.onNotice(hear);
      void remote.onSignOfLife(live);
      const told = Comlink.proxy((progress: PackProgress) => {
        beat();
        onProgress?.(progress);
      });
      return this.#hearing(beat, remote.load(absolute(source), options ?? {}, told));
    }, SILENCE);
    if (this.#references.length === 0) return;
    await ask((remote) => remote.setReferences(this.#references), SILENCE);
  }

  /** Whether the same call may be made again, in a new worker; the person is told why. */
  #mend(error: unknown, era: number): boolean {
    if (era !== this.#era || this.#model === undefined) return false;
    if (error instanceof NotFiniteError) {
      const { source, options } = this.#model;
      if (this.#info?.precision !== 'f16') return false;
      // Another call may have found it out already.
      if (options.precision === 'f32') return true;
      this.#model = { source, options: { ...options, precision: 'f32' } };
      this.#worker.end('it computes in f32 from now on.');
      this.#tell(`${error.message} The work goes on in f32, which takes more memory and time.`);
      return true;
    }
    // The worker has ended with these.
    const isBroken = [DeviceLostError, DeviceStalledError, EngineDiedError].some((of) => error instanceof of);
    if (isBroken) this.#tell(`${(error as Error).message} It was started again, and the work goes on.`);
    return isBroken;
  }

  #tell(notice: string): void {
    this.#mended.push(notice);
    this.#notify(notice);
  }

  #notify(notice: string): void {
    for (const listener of this.#listeners) listener(notice);
  }
}

/** A worker reads addresses relative to its own file, which the page's author cannot know. */
function absolute(source: PackSource): PackSource {
  return source.kind === 'url' ? { ...source, url: new URL(source.url, document.baseURI).href } : source;
}
