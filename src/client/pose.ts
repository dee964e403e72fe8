/** The page's side of the pose worker: it starts when it is first needed, and again after it has died. */
import { type Remote, transfer } from 'comlink';
import type { Outlined } from '../pose/detector.ts';
import { PoseDetectionError, PoseModelError, PoseWorkerError } from '../pose/errors.ts';
import type { PoseSource } from '../pose/picture.ts';
import type { PoseInfo, PoseMode, PoseService, PoseSettings } from '../pose/service.ts';
import type { Pose } from '../pose/types.ts';
import { WorkerHandle } from './worker-handle.ts';
import './wire.ts';

type Choice = Omit<PoseSettings, 'assets'>;

/** The full model and everybody in sight: for files, where being right matters more than being quick. */
export const FOR_FILES: Choice = { model: 'full', people: 4, delegate: 'CPU' };
/** The lite model and one person: for a camera, where every frame counts. */
export const FOR_LIVE: Choice = { model: 'lite', people: 1, delegate: 'CPU' };
/** The same, but a second person is noticed within a second or two, and can be chosen. */
export const FOR_LIVE_COMPANY: Choice = { ...FOR_LIVE, people: 2, searchEveryMs: 1500 };

/** Seconds without an answer: for networks that may still have to be fetched over a slow line, and for one picture. */
const LOADING = 300;
const LOOKING = 30;

export class PoseClient {
  readonly #worker: WorkerHandle<PoseService>;

  constructor(choice: Choice, assets = new URL('pose/', document.baseURI).href) {
    this.#worker = new WorkerHandle<PoseService>({
      start: () => new Worker(new URL('../../workers/pose.worker.ts', import.meta.url), { type: 'module' }),
      prepare: (ask) => ask((service) => service.configure({ ...choice, assets }), LOADING),
      died: (reason) => new PoseWorkerError(reason),
      // MediaPipe's graph does not survive an error of its own: the next picture would never be answered.
      isFatal: (error) => error instanceof PoseDetectionError,
    });
  }

  /** Has the model ready, so that the first picture does not wait for it. Optional. */
  async warm(mode: PoseMode): Promise<PoseInfo> {
    return this.#worker.ask((service) => service.warm(mode), LOADING);
  }

  /** Everybody in one picture, largest first. The picture stays the caller's. */
  async find(picture: PoseSource): Promise<Pose[]> {
    return this.#look('image', (service) => service.find(picture));
  }

  /** Everybody in one picture with their outlines, largest first. The picture stays the caller's. */
  async outline(picture: PoseSource): Promise<Outlined[]> {
    return this.#look('outline', (service) => service.outline(picture));
  }

  /** Everybody in the next picture of a clip or a camera. The frame is handed over: the worker closes it. */
  async follow(frame: ImageBitmap | VideoFrame, timeMs: number): Promise<Pose[]> {
    try {
      return await this.#look('video', (service) => service.follow(transfer(frame, [frame]), timeMs));
    } finally {
      // Where it did not come to that.
      frame.close();
    }
  }

  /** Another clip begins. */
  async forget(): Promise<void> {
    if (this.#worker.isRunning) await this.#worker.ask((service) => service.forget(), LOOKING);
  }

  /** Stops the worker; calls in flight are rejected, and the next call starts a new one. */
  dispose(reason = 'it was closed.'): void {
    this.#worker.end(reason);
  }

  /** The network is ready first, so that the time it takes to come is not taken for a picture that hangs. */
  async #look<T>(mode: PoseMode, question: (service: Remote<PoseService>) => Promise<T>): Promise<T> {
    await this.warm(mode);
    return this.#worker.ask(question, LOOKING);
  }
}

/** A pose bundle from an address of the person's own choice, for `bundle`. The worker itself fetches from nowhere else. */
export async function fetchPoseBundle(url: string): Promise<Blob> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return await response.blob();
  } catch (error) {
    throw new PoseModelError(url, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
