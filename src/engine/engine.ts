import { CancelledError } from '../errors.ts';
import { isTemporalAttention } from '../onnx/configs.ts';
import type { Pack, PackManifest, PackProgress, PackSource } from '../pack/manifest.ts';
import type { OpenOptions } from '../pack/open.ts';
import type { Pose } from '../pose/types.ts';
import type {
  BackendKind,
  EngineApi,
  EngineInfo,
  EngineNotice,
  LoadOptions,
  Reference,
  RenderedFrame,
  RenderOptions,
} from './api.ts';
import type { Backend } from './backend.ts';
import { checkOptions, checkPose } from './check-input.ts';
import type { ClipProgress } from './clip.ts';
import {
  DeviceLimitError,
  DeviceLostError,
  DeviceStalledError,
  DoesNotFitError,
  NetworkError,
  NotReadyError,
  NoWebGpuError,
  OutOfMemoryError,
} from './errors.ts';
import { weigh } from './fit-device.ts';
import { resultSize } from './layers.ts';
import { type HeldReference, LoadedModel } from './model.ts';
import { JobQueue } from './queue.ts';
import { until } from './until.ts';

export interface BackendOptions {
  /** The best that the caller and the pack allow; a device without f16 computes in f32 all the same. */
  readonly precision: 'f16' | 'f32';
  readonly threads: number;
}

/** What the engine is made of; a worker gives it the real ones. */
export interface EngineParts {
  openPack(source: PackSource, options: OpenOptions): Promise<Pack>;
  createBackend(kind: BackendKind, options: BackendOptions): Promise<Backend>;
}

export class Engine implements EngineApi {
  readonly #parts: EngineParts;
  readonly #queue = new JobQueue();
  readonly #listeners: EngineNotice[] = [];
  #notices: string[] = [];
  #options: LoadOptions = {};
  #model: LoadedModel | undefined;
  #references: readonly HeldReference[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  load(
    source: PackSource,
    options: LoadOptions,
    onProgress?: (progress: PackProgress) => void,
  ): Promise<EngineInfo> {
    return this.#queue.run(async (signal) => {
      this.#model?.dispose();
      this.#model = undefined;
      this.#notices = [];
      this.#options = options;
      const pack = await this.#parts.openPack(source, { onProgress, signal });
      const model = await this.#start(pack, signal);
      this.#model = model;
      for (const path of filesForLater(pack.manifest)) await pack.fetch?.(path, signal);
      return this.#describe(model);
    });
  }

  onNotice(listener: EngineNotice): void {
    this.#listeners.push(listener);
  }

  setReferences(references: readonly Reference[]): Promise<void> {
    return this.#queue.run(async () => {
      for (const { pose } of references) checkPose(pose);
      const held = await Promise.all(
        references.map(async ({ image, ...others }) => ({
          image: await createImageBitmap(image),
          ...others,
        })),
      );
      this.#releaseReferences();
      this.#references = held;
    });
  }

  renderFrame(pose: Pose, options: RenderOptions): Promise<RenderedFrame> {
    return this.#queue.run((signal) => this.#render(pose, 0, options, signal));
  }

  animate(
    poses: readonly Pose[],
    options: RenderOptions,
    onFrame: (frame: RenderedFrame) => Promise<void> | void,
    onProgress?: (progress: ClipProgress) => void,
    from = 0,
  ): Promise<number> {
    return this.#queue.run(async (signal) => {
      // All of them now: the tenth minute is a bad time to hear of a bad pose.
      for (const pose of poses) checkPose(pose);
      if (this.#model && joinsFrames(this.#model.pack.manifest, options)) {
        return this.#animateClip(poses, options, signal, from, onFrame, onProgress);
      }
      for (const [index, pose] of poses.entries()) {
        if (index < from) continue;
        const frame = await this.#render(pose, index, options, signal);
        // A receiver may take its time over a frame, or be the one who cancels: neither may hold up the cancelling.
        await until(Promise.resolve(onFrame(frame)), signal);
      }
      return poses.length;
    });
  }

  cancel(): Promise<void> {
    return this.#queue.cancel();
  }

  async info(): Promise<EngineInfo | undefined> {
    return this.#model && this.#describe(this.#model);
  }

  async dispose(): Promise<void> {
    this.#queue.cancelAll();
    await this.#queue.run(async () => {
      this.#model?.dispose();
      this.#model = undefined;
      this.#releaseReferences();
    });
  }

  async #render(
    pose: Pose,
    index: number,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<RenderedFrame> {
    checkOptions(options);
    checkPose(pose);
    const model = this.#model;
    if (model === undefined) throw new NotReadyError('No model is loaded.', 'Load a model first.');
    try {
      const either = AbortSignal.any([signal, model.lost]);
      const frame = await model.frame(this.#references, pose, options, either);
      if (!signal.aborted) return { index, ...frame };
      frame.image.close();
    } catch (error) {
      if (!signal.aborted) throw await deviceFault(model, error);
    }
    throw new CancelledError();
  }

  /** Frames that motion modules join depend on one another: those before `from` are painted, and not handed out. */
  async #animateClip(
    poses: readonly Pose[],
    options: RenderOptions,
    signal: AbortSignal,
    from: number,
    onFrame: (frame: RenderedFrame) => Promise<void> | void,
    onProgress?: (progress: ClipProgress) => void,
  ): Promise<number> {
    checkOptions(options);
    const model = this.#model;
    if (model === undefined) throw new NotReadyError('No model is loaded.', 'Load a model first.');
    try {
      const either = AbortSignal.any([signal, model.lost]);
      const frames = model.clip(this.#references, poses, options, either, from, onProgress);
      for await (const frame of frames) await until(Promise.resolve(onFrame(frame)), signal);
      return poses.length;
    } catch (error) {
      if (!signal.aborted) throw await deviceFault(model, error);
    }
    throw new CancelledError();
  }

  /** Puts a pack on the best device that will have it. */
  async #start(pack: Pack, signal: AbortSignal): Promise<LoadedModel> {
    const { backend = 'auto' } = this.#options;
    if (backend !== 'auto') return this.#startOn(backend, pack, signal);
    try {
      return await this.#startOn('webgpu', pack, signal);
    } catch (error) {
      if (!isDeviceFault(error)) throw error;
      this.#notify(`${error.message} The processor computes instead, which is slower.`);
      return this.#startOn('wasm', pack, signal);
    }
  }

  async #startOn(kind: BackendKind, pack: Pack, signal: AbortSignal): Promise<LoadedModel> {
    const { precision = 'auto', threads = 0 } = this.#options;
    const backend = await this.#parts.createBackend(kind, {
      precision: precision === 'auto' ? pack.manifest.precision : precision,
      threads,
    });
    const model = new LoadedModel(pack, backend);
    const size = model.paintedSize(this.#options.size ?? pack.manifest.defaults);
    try {
      const notice = await weigh(pack, backend, size);
      if (notice !== undefined) this.#notify(notice);
      await model.compileFor(size, signal);
      return model;
    } catch (error) {
      const fault = await deviceFault(model, error);
      model.dispose();
      throw fault;
    }
  }

  #describe({ pack, backend }: LoadedModel): EngineInfo {
    const { kind, precision, device, threads } = backend;
    const { manifest } = pack;
    const joins = joinsFrames(manifest, {}) && ({ joinsFrames: true } as const);
    return {
      manifest,
      size: resultSize(manifest),
      backend: kind,
      precision,
      device,
      threads,
      ...joins,
      notices: this.#notices,
    };
  }

  #notify(notice: string): void {
    this.#notices = [...this.#notices, notice];
    for (const listener of this.#listeners) listener(notice);
  }

  #releaseReferences(): void {
    for (const { image } of this.#references) image.close();
    this.#references = [];
  }
}

/** Whether an animation's frames go through motion modules: those that came with the weights do unless told otherwise. */
export function joinsFrames(
  { configs }: PackManifest,
  { motion, interaction }: Pick<RenderOptions, 'motion' | 'interaction'>,
): boolean {
  if (configs.motion === undefined) return false;
  return motion ?? (!isTemporalAttention(configs.motion) && interaction !== 'mutual');
}

/** What the networks read when they first look at a photo, and not before. */
function filesForLater(manifest: PackManifest): string[] {
  const { imageEncoder = [], referenceNet = [], mover = [] } = manifest;
  const single = [manifest.matte, manifest.plate, manifest.moverPhoto].filter((files) => files !== undefined);
  return [...imageEncoder, ...referenceNet, ...single, ...mover].flatMap(({ graph, weights }) => [
    graph,
    weights,
  ]);
}

const DEVICE_FAULTS = [
  NoWebGpuError,
  DeviceLimitError,
  DoesNotFitError,
  DeviceLostError,
  DeviceStalledError,
  OutOfMemoryError,
  NetworkError,
];

function isDeviceFault(error: unknown): error is Error {
  return DEVICE_FAULTS.some((fault) => error instanceof fault);
}

/**
 * What went wrong, in the device's terms: a lost device makes whatever runs fail with whatever error, often before
 * the loss itself is reported.
 */
async function deviceFault(model: LoadedModel, error: unknown): Promise<unknown> {
  if (model.backend.kind === 'webgpu' && !model.lost.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return model.lost.aborted ? model.lost.reason : error;
}
