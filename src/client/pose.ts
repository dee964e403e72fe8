/** The page's side of the pose worker: it starts when it is first needed, and again after it has died. */
import * as Comlink from 'comlink';
import type { Outlined, PoseSource } from '../pose/detector.ts';
import { PoseModelError, PoseWorkerError } from '../pose/errors.ts';
import type { PoseInfo, PoseService, PoseSettings } from '../pose/service.ts';
import type { Pose } from '../pose/types.ts';
import './wire.ts';

type Choice = Omit<PoseSettings, 'assets'>;

/** The full model and everybody in sight: for files, where being right matters more than being quick. */
export const FOR_FILES: Choice = { model: 'full', people: 4, delegate: 'CPU' };
/** The lite model and one person: for a camera, where every frame counts. */
export const FOR_LIVE: Choice = { model: 'lite', people: 1, delegate: 'CPU' };
/** The same, but a second person is noticed within a second or two, and can be chosen. */
export const FOR_LIVE_COMPANY: Choice = { ...FOR_LIVE, people: 2, searchEveryMs: 1500 };

interface Running {
  readonly worker: Worker;
  readonly service: Comlink.Remote<PoseService>;
  /** Rejects when the worker dies; never resolves. */
  readonly death: Promise<never>;
  /** Ends the worker and rejects what waits for it. */
  die(reason: string): void;
}

export class PoseClient {
  private running: Running | undefined;

  constructor(
    private readonly choice: Choice,
    private readonly assets = new URL('pose/', document.baseURI).href,
  ) {}

  /** Has the model ready, so that the first picture does not wait for it. Optional. */
  async warm(mode: 'image' | 'video'): Promise<PoseInfo> {
    return this.ask((service) => service.warm(mode));
  }

  /** Everybody in one picture, largest first. The picture stays the caller's. */
  async find(picture: PoseSource): Promise<Pose[]> {
    return this.ask((service) => service.find(picture));
  }

  /** Everybody in one picture with their outlines, largest first. The picture stays the caller's. */
  async outline(picture: PoseSource): Promise<Outlined[]> {
    return this.ask((service) => service.outline(picture));
  }

  /** Everybody in the next picture of a clip or a camera. The frame is handed over: the worker closes it. */
  async follow(frame: ImageBitmap | VideoFrame, timeMs: number): Promise<Pose[]> {
    return this.ask((service) => service.follow(Comlink.transfer(frame, [frame]), timeMs));
  }

  /** Another clip begins. */
  async forget(): Promise<void> {
    if (this.running) await this.ask((service) => service.forget());
  }

  /** Stops the worker; calls in flight are rejected, and the next call starts a new one. */
  dispose(reason = 'it was closed.'): void {
    this.running?.die(reason);
  }

  private async ask<T>(question: (service: Comlink.Remote<PoseService>) => Promise<T>): Promise<T> {
    this.running ??= this.start();
    const { service, death } = this.running;
    // A worker that died answers nothing: without the race, the call would wait forever.
    return Promise.race([question(service), death]);
  }

  private start(): Running {
    const worker = new Worker(new URL('../../workers/pose.worker.ts', import.meta.url), { type: 'module' });
    const { promise: death, reject } = Promise.withResolvers<never>();
    const die = (reason: string) => {
      worker.terminate();
      if (this.running?.worker === worker) this.running = undefined;
      reject(new PoseWorkerError(reason));
    };
    worker.addEventListener('error', (event) => die(event.message || 'it could not be started.'));
    worker.addEventListener('messageerror', () => die('a message could not be read.'));
    // Nobody may be waiting when it dies.
    death.catch(() => {});
    const service = Comlink.wrap<PoseService>(worker);
    service.configure({ ...this.choice, assets: this.assets }).catch(() => {});
    return { worker, service, death, die };
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
