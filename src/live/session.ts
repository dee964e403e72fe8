/**
 * A live session: frames of a camera in, painted frames out. Two lanes run side by side, one that looks for the person
 * and one that paints; between them lies the newest pose only. Everything that touches a device is handed in.
 */
import type { Reference, RenderedFrame, RenderOptions } from '../engine/api.ts';
import { EngineDiedError } from '../engine/errors.ts';
import { PoseDetectionError, PoseWorkerError } from '../pose/errors.ts';
import { boundingBox, LiveFit, LiveTrack, type Point, type Pose } from '../pose/index.ts';
import { Gate } from './gate.ts';
import { Lookout } from './lookout.ts';
import { Newest } from './newest.ts';
import { MOST_EVALUATIONS, type Pace, Pacer, type Size } from './pacer.ts';
import { type FramePlan, FramePlanner } from './planner.ts';

export interface LiveFrames {
  frames(options: {
    signal?: AbortSignal;
    maxSide?: number;
    /** The moment until which a fresher frame is worth waiting for. */
    by?: () => number;
  }): AsyncIterable<{ readonly image: ImageBitmap; readonly takenAt: number }>;
}

/** What a session works with: the pose worker's and the engine's calls. */
export interface LiveParts {
  follow(image: ImageBitmap, timeMs: number): Promise<readonly Pose[]>;
  paint(pose: Pose, options: RenderOptions): Promise<RenderedFrame>;
  setReference(reference: Reference): Promise<void>;
  /** Whether frames move what the photo shows: then none is painted while the person moves. Asked before each frame. */
  isLayered?(): boolean;
  /** Settles when the engine can paint; the camera is looked at before. */
  readonly ready: Promise<unknown>;
}

export interface LiveOptions {
  readonly reference: Reference;
  /** From large to small. */
  readonly sizes: readonly Size[];
  readonly startSize: number;
  readonly frameRate: number;
  readonly seed: number;
  readonly guidance: number;
  readonly retouch: boolean;
  readonly planner?: FramePlanner;
}

/** What was seen in one camera frame. */
export interface Look {
  readonly size: Size;
  readonly people: readonly Pose[];
  /** The person that is followed; undefined while they are not there. */
  readonly person: Pose | undefined;
  /** From 0 to 1: how much of the person's proportions is known. */
  readonly calibration: number;
}

export interface PaintedFrame {
  readonly plan: FramePlan;
  readonly pace: Pace;
  /** From the camera's frame to now, when the pixels are there. */
  readonly latencyMs: number;
  readonly poseMs: number;
  readonly denoiseMs: number;
  readonly decodeMs: number;
  /** From asking to receiving; what is more than the two above is the way there and back. */
  readonly paintMs: number;
  /** The first one of a size or a reference: its times hold compiling, or the reference pass. */
  readonly isSettling: boolean;
}

export interface LiveListener {
  /** The camera's frame, before it is handed to the pose worker: for now only. */
  camera?(image: ImageBitmap): void;
  look(look: Look): void;
  /** The image is the listener's to close. */
  frame(image: ImageBitmap, frame: PaintedFrame): void;
  /** The person is at rest, and the last frame stands. */
  rest(): void;
  /** A worker died and was started again. */
  restarted(worker: 'pose' | 'engine'): void;
}

interface Seen {
  readonly pose: Pose;
  readonly takenAt: number;
  readonly poseMs: number;
}

/** The pose model shrinks what it is given to 256 pixels: handing over more only costs time. */
const WATCH_SIDE = 480;
/** Looks further apart than this would lose a person who moves. */
const LONGEST_BETWEEN_LOOKS_MS = 250;
/** So long nobody has moved before what a moved frame lacks is painted: it takes a moment, in which nothing else is. */
const FILL_IN_AFTER_MS = 500;
/** A worker that dies more often than this within a minute has a reason that will not go away. */
const MOST_RESTARTS = 3;
const MINUTE = 60_000;

export class LiveSession {
  readonly #parts: LiveParts;
  readonly #listener: LiveListener;
  readonly #seed: number;
  readonly #guidance: number;
  readonly #retouch: boolean;
  readonly #fit: LiveFit;
  readonly #pacer: Pacer;
  readonly #planner: FramePlanner;
  readonly #lookout = new Lookout();
  readonly #newest = new Newest<Seen>();
  readonly #gate = new Gate();
  readonly #deaths: number[] = [];
  #track = new LiveTrack();
  #swap: Promise<void> | undefined;
  #isSettling = true;
  #paintingSince: number | undefined;
  /** Whether the last frame was painted, and since when nobody has moved. */
  #isFilledIn = false;
  #restsSince: number | undefined;
  #emptied: Promise<void> | undefined;

  constructor(parts: LiveParts, options: LiveOptions, listener: LiveListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#seed = options.seed;
    this.#guidance = options.guidance;
    this.#retouch = options.retouch;
    this.#fit = new LiveFit(options.reference.pose);
    this.#pacer = new Pacer(options.sizes, options.frameRate, options.startSize);
    this.#planner = options.planner ?? new FramePlanner();
  }

  get pace(): Pace {
    return this.#pacer.pace;
  }

  /** Runs until the signal aborts or the source ends; rejects with whatever cannot be helped. */
  async run(source: LiveFrames, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    const lanes = [this.#watch(source, either), this.#paint(either)];
    try {
      await Promise.race(lanes);
    } finally {
      end.abort();
      await Promise.allSettled(lanes);
    }
  }

  /** A page that nobody sees has nothing to paint. */
  pause(): void {
    this.#gate.close();
  }

  resume(): void {
    this.#newest.clear();
    this.#planner.startAfresh();
    this.#gate.open();
  }

  aimFor(frameRate: number): void {
    this.#pacer.aimFor(frameRate);
  }

  /** FROM_NOISE, or less noise over the last frame. */
  startFramesWith(strength: number): void {
    this.#planner.startWith(strength);
  }

  /** Follow whoever is nearest to this point of the camera's picture. */
  pick(at: Point): void {
    this.#track.pick(at);
    this.recalibrate();
  }

  /** Another person, or the same one in a mirror. */
  recalibrate(): void {
    this.#fit.recalibrate();
    this.#planner.startAfresh();
  }

  /** The frames come mirrored from now on, or no longer: left and right are learnt anew. */
  turnAround(): void {
    this.#track = new LiveTrack();
    this.recalibrate();
  }

  /** Another person in the photo; costs the engine one reference pass. */
  async setReference(reference: Reference, sizes: readonly Size[]): Promise<void> {
    // No frame may be asked for between the two: it would show one body with the other's proportions.
    const swap = this.#parts.setReference(reference);
    this.#swap = swap;
    try {
      await swap;
      this.#fit.setReference(reference.pose);
      this.#pacer.reshape(sizes);
      this.#newest.clear();
      this.#settleAnew();
    } finally {
      if (this.#swap === swap) this.#swap = undefined;
    }
  }

  async #watch(source: LiveFrames, signal: AbortSignal): Promise<void> {
    let by = 0;
    const options = { signal, maxSide: WATCH_SIDE, by: () => by };
    for await (const { image, takenAt } of source.frames(options)) {
      const size = { width: image.width, height: image.height };
      this.#listener.camera?.(image);
      const began = performance.now();
      this.#lookout.begin();
      const people = await this.#surviving(() => this.#parts.follow(image, takenAt));
      this.#lookout.end();
      const poseMs = performance.now() - began;
      if (signal.aborted) return;
      if (people !== undefined) this.#notice(size, people, takenAt, poseMs);
      // Where a single look takes longer than that, nothing is gained by hurrying.
      const latest = began + Math.max(LONGEST_BETWEEN_LOOKS_MS, 2 * poseMs);
      by = await this.#nextLook(latest, signal);
      await this.#gate.passage(signal);
    }
  }

  /** Returns when it is time to choose a frame for the next look, with the moment by which that look should begin. */
  async #nextLook(latest: number, signal: AbortSignal): Promise<number> {
    // While nothing is painted, every look would leave another one waiting.
    this.#emptied ??= this.#newest.emptied(signal).finally(() => {
      this.#emptied = undefined;
    });
    const isForNow = () =>
      this.#paintingSince !== undefined &&
      performance.now() < this.#lookout.wanted(this.#paintingSince, this.#pacer.frameMs);
    // A pose that came far too early is looked for again, before the painter asks.
    if (!isForNow()) {
      const over = new AbortController();
      await Promise.race([this.#emptied, pause(latest - performance.now(), signal, over.signal)]);
      over.abort();
    }
    if (this.#paintingSince === undefined) return 0;
    const by = this.#lookout.lookBy(this.#paintingSince, this.#pacer.frameMs);
    // One more before it only where there is time for both.
    return by - latest > this.#lookout.lookMs ? latest : by;
  }

  #notice(size: Size, people: readonly Pose[], takenAt: number, poseMs: number): void {
    const time = takenAt / 1000;
    const person = this.#track.push({ time, people });
    if (person && this.#track.isStranger) this.#fit.learnAnew();
    const pose = person && this.#fit.push(person, time);
    this.#listener.look({ size, people, person, calibration: this.#fit.calibration });
    if (pose && boundingBox(pose)) this.#newest.put({ pose, takenAt, poseMs });
  }

  async #paint(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#parts.ready, signal);
    let hasJustPainted = false;
    for (;;) {
      await this.#gate.passage(signal);
      await this.#swap?.catch(() => undefined);
      const asked = performance.now();
      const missedMs = this.#lookout.remainingMs;
      const seen = await this.#newest.take(signal);
      if (seen === undefined) return;
      // A swap may have begun while nobody was seen.
      if (this.#swap) continue;
      const waitMs = Math.max(missedMs, performance.now() - asked);
      if (hasJustPainted) this.#lookout.waited(waitMs, this.#pacer.frameMs);
      const plan = this.#planner.next(seen.pose, this.#pacer.evaluations);
      if (plan !== undefined) {
        await this.#paintOne(seen, plan, signal, this.#isMoved() ? 0 : plan.steps);
        this.#restsSince = undefined;
      } else if (this.#isToFillIn()) {
        const evaluations = MOST_EVALUATIONS;
        await this.#paintOne(seen, { kind: 'fresh', steps: evaluations, evaluations }, signal);
      } else this.#listener.rest();
      hasJustPainted = plan !== undefined;
    }
  }

  /** Once in a rest that lasts, what the photo does not show is painted in the place of the mover's guess. */
  #isToFillIn(): boolean {
    if (!this.#isMoved() || this.#isFilledIn) return false;
    const now = performance.now();
    this.#restsSince ??= now;
    return now - this.#restsSince >= FILL_IN_AFTER_MS;
  }

  async #paintOne(
    { pose, takenAt, poseMs }: Seen,
    plan: FramePlan,
    signal: AbortSignal,
    steps = plan.steps,
  ): Promise<void> {
    const { size } = this.#pacer;
    const began = performance.now();
    this.#paintingSince = began;
    this.#isFilledIn = steps > 0;
    const frame = await this.#surviving(() =>
      this.#parts.paint(pose, {
        ...size,
        steps,
        seed: this.#seed,
        guidance: this.#guidance,
        retouch: this.#retouch,
        ...(plan.fromLastFrame && { fromLastFrame: plan.fromLastFrame }),
      }),
    );
    this.#paintingSince = undefined;
    if (frame === undefined || signal.aborted) {
      frame?.image.close();
      this.#settleAnew();
      return;
    }
    const now = performance.now();
    const { denoiseMs, decodeMs } = frame.timings;
    const paintMs = now - began;
    const { pace } = this;
    this.#listener.frame(frame.image, {
      ...{ plan, pace, latencyMs: now - takenAt, poseMs, denoiseMs, decodeMs, paintMs },
      isSettling: this.#isSettling,
    });
    // Where frames are moved, one that is painted in a rest says nothing of the pace.
    if (!this.#isSettling && (steps === 0 || !this.#isMoved())) {
      const { evaluations } = plan;
      this.#pacer.record({ evaluations, denoiseMs, restMs: paintMs - denoiseMs });
    }
    this.#isSettling = false;
    if (this.#pacer.size !== size) this.#settleAnew();
  }

  #isMoved(): boolean {
    return this.#retouch && (this.#parts.isLayered?.() ?? false);
  }

  #settleAnew(): void {
    this.#planner.startAfresh();
    this.#isSettling = true;
  }

  /** A dead worker costs a frame, not the session, unless it dies again and again. */
  async #surviving<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const worker = deadWorker(error);
      const now = performance.now();
      this.#deaths.push(now);
      const recent = this.#deaths.filter((time) => now - time < MINUTE).length;
      if (worker === undefined || recent > MOST_RESTARTS) throw error;
      this.#listener.restarted(worker);
      return undefined;
    }
  }
}

function deadWorker(error: unknown): 'pose' | 'engine' | undefined {
  if (error instanceof EngineDiedError) return 'engine';
  if (error instanceof PoseWorkerError || error instanceof PoseDetectionError) return 'pose';
  return undefined;
}

function pause(milliseconds: number, ...signals: readonly AbortSignal[]): Promise<void> {
  if (!(milliseconds > 0) || signals.some(({ aborted }) => aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    for (const signal of signals) signal.addEventListener('abort', done);
  });
}

async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  await Promise.race([work, aborted]);
}
