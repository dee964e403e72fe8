/** The page's side of the engine worker: the engine's own interface, and a new worker when the old one dies. */
import * as Comlink from 'comlink';
import type {
  EngineApi,
  EngineInfo,
  EngineNotice,
  LoadOptions,
  Reference,
  RenderedFrame,
  RenderOptions,
} from '../engine/api.ts';
import { EngineDiedError, NotReadyError } from '../engine/errors.ts';
import type { PackProgress, PackSource } from '../pack/manifest.ts';
import type { Pose } from '../pose/types.ts';
import './wire.ts';

interface Running {
  readonly remote: Comlink.Remote<EngineApi>;
  /** Like the answer, or an EngineDiedError when the worker dies first: a worker that died answers nothing. */
  orDeath<T>(answer: Promise<T>): Promise<T>;
  /** Ends the worker and rejects what waits for it. */
  die(reason: string): void;
}

/** What a new worker must be told to stand where the old one stood. */
interface Standing {
  source: PackSource | undefined;
  options: LoadOptions;
  references: readonly Reference[];
}

export function createEngine(): EngineClient {
  return new EngineClient();
}

export class EngineClient implements EngineApi {
  readonly #listeners: EngineNotice[] = [];
  readonly #standing: Standing = { source: undefined, options: {}, references: [] };
  #running: Running | undefined;
  #died = false;

  /**
   * Always in a new worker: memory that ONNX Runtime once took from the system is given back only with the worker,
   * and its number of threads is fixed when it starts. When loading fails, the next call finds the model before.
   */
  async load(
    source: PackSource,
    options: LoadOptions,
    onProgress?: (progress: PackProgress) => void,
  ): Promise<EngineInfo> {
    this.#running?.die('another model was loaded.');
    this.#died = false;
    const running = this.#start();
    let info: EngineInfo;
    try {
      info = await this.#loadInto(running, source, options, onProgress);
    } catch (error) {
      running.die('it could not load its model.');
      throw error;
    }
    this.#standing.source = source;
    this.#standing.options = options;
    if (this.#standing.references.length > 0) await this.#giveReferences();
    return info;
  }

  onNotice(listener: EngineNotice): void {
    this.#listeners.push(listener);
  }

  async setReferences(references: readonly Reference[]): Promise<void> {
    const copies = await Promise.all(
      references.map(async ({ image, pose }) => ({ image: await createImageBitmap(image), pose })),
    );
    for (const { image } of this.#standing.references) image.close();
    this.#standing.references = copies;
    // Before the first load they wait for it.
    if (this.#running || this.#died) await this.#giveReferences();
  }

  async renderFrame(pose: Pose, options: RenderOptions): Promise<RenderedFrame> {
    return this.#ask((remote) => remote.renderFrame(pose, options));
  }

  async animate(
    poses: readonly Pose[],
    options: RenderOptions,
    onFrame: (frame: RenderedFrame) => Promise<void> | void,
    onProgress?: (progress: { readonly done: number; readonly total: number }) => void,
  ): Promise<number> {
    const listeners = [Comlink.proxy(onFrame), onProgress && Comlink.proxy(onProgress)] as const;
    return this.#ask((remote) => remote.animate(poses, options, ...listeners));
  }

  async cancel(): Promise<void> {
    // A worker that is gone has nothing to stop.
    if (this.#running) await this.#ask((remote) => remote.cancel());
  }

  async info(): Promise<EngineInfo | undefined> {
    return this.#running && this.#ask((remote) => remote.info());
  }

  async dispose(): Promise<void> {
    this.#running?.die('it was closed.');
    this.#died = false;
    for (const { image } of this.#standing.references) image.close();
    this.#standing.references = [];
    this.#standing.source = undefined;
  }

  /** Calls in flight are rejected; the next call finds a new worker with the same model and references. */
  restart(reason: string): void {
    this.#running?.die(reason);
  }

  async #ask<T>(question: (remote: Comlink.Remote<EngineApi>) => Promise<T>): Promise<T> {
    const running = this.#running ?? (await this.#revive());
    return running.orDeath(question(running.remote));
  }

  async #revive(): Promise<Running> {
    const { source, options, references } = this.#standing;
    if (!this.#died || source === undefined) {
      throw new NotReadyError('No model is loaded.', 'Load a model first.');
    }
    this.#died = false;
    const running = this.#start();
    await this.#loadInto(running, source, options);
    await running.orDeath(running.remote.setReferences(references));
    return running;
  }

  async #loadInto(
    { remote, orDeath }: Running,
    source: PackSource,
    options: LoadOptions,
    onProgress?: (progress: PackProgress) => void,
  ): Promise<EngineInfo> {
    const hear = Comlink.proxy((notice: string) => {
      for (const listener of this.#listeners) listener(notice);
    });
    await orDeath(remote.onNotice(hear));
    return orDeath(remote.load(absolute(source), options, onProgress && Comlink.proxy(onProgress)));
  }

  async #giveReferences(): Promise<void> {
    await this.#ask((remote) => remote.setReferences(this.#standing.references));
  }

  #start(): Running {
    const worker = new Worker(new URL('../../workers/engine.worker.ts', import.meta.url), { type: 'module' });
    // Not one promise to race against: it would keep every answer that ever raced it.
    const waiting = new Set<(reason: unknown) => void>();
    const running: Running = {
      remote: Comlink.wrap<EngineApi>(worker),
      orDeath: (answer) =>
        new Promise((resolve, reject) => {
          waiting.add(reject);
          answer.then(resolve, reject).finally(() => waiting.delete(reject));
        }),
      die: (reason) => {
        worker.terminate();
        if (this.#running === running) this.#running = undefined;
        this.#died = true;
        for (const reject of waiting) reject(new EngineDiedError(reason));
      },
    };
    worker.addEventListener('error', ({ message }) =>
      running.die(message || 'its code could not be started.'),
    );
    worker.addEventListener('messageerror', () => running.die('a message could not be read.'));
    this.#running = running;
    return running;
  }
}

/** A worker reads addresses relative to its own file, which the page's author cannot know. */
function absolute(source: PackSource): PackSource {
  return source.kind === 'url' ? { ...source, url: new URL(source.url, document.baseURI).href } : source;
}
