import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reference, RenderedFrame, RenderOptions } from '../engine/api.ts';
import { EngineDiedError, NotReadyError } from '../engine/errors.ts';
import { PoseWorkerError } from '../pose/errors.ts';
import { isSeen, JOINT, jointX, type Pose } from '../pose/index.ts';
import { FROM_LAST_FRAME, FramePlanner } from './planner.ts';
import { type LiveOptions, LiveSession, type Look, type PaintedFrame } from './session.ts';
import { standing } from './testing/bodies.ts';
import { Clock } from './testing/machine.ts';

/** A clock of their own: what these tests are about is who waits for whom, on a busy machine as well. */
let clock: Clock;
beforeEach(() => {
  clock = new Clock();
});
afterEach(() => vi.unstubAllGlobals());

const reference: Reference = { image: {} as ImageBitmap, pose: standing({ size: 512 }) };
const SIZES = [{ width: 128, height: 128 }];

interface Stage {
  /** Who is before the camera, by the time in milliseconds. */
  people?(time: number): readonly Pose[];
  follow?(): void;
  paint?(options: RenderOptions): void;
  paintMs?: number;
  frameMs?: number;
  /** Frames move what the photo shows. */
  isLayered?: boolean;
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A session on a stage of plain objects; `until` ends it. */
async function play(
  { people = () => [standing()], follow, paint, paintMs = 12, frameMs = 4, isLayered = false }: Stage,
  until: (seen: { looks: Look[]; painted: Painted[] }) => boolean,
  meanwhile?: (session: LiveSession) => void,
  options: Partial<LiveOptions> = {},
) {
  const looks: Look[] = [];
  const painted: Painted[] = [];
  const events: string[] = [];
  let open = 0;
  let busy = 0;
  let looksWhilePainting = 0;
  const end = new AbortController();
  const check = () => until({ looks, painted }) && end.abort();
  const began = performance.now();
  // Where frames start from the last one, a start from noise is a thing that can be missing.
  const planner = new FramePlanner({ strength: FROM_LAST_FRAME });
  const session = new LiveSession(
    {
      ready: Promise.resolve(),
      isLayered: () => isLayered,
      async follow(image, time) {
        image.close();
        looksWhilePainting += busy;
        await wait(1);
        follow?.();
        return people(time - began);
      },
      async paint(pose, options) {
        expect(++busy).toBe(1);
        await wait(paintMs);
        busy--;
        paint?.(options);
        open++;
        const image = { close: () => open-- } as unknown as ImageBitmap;
        painted.push({ pose, options, startedAt: performance.now() - paintMs });
        return {
          index: 0,
          image,
          timings: { denoiseMs: paintMs - 2, decodeMs: 1, retouchMs: 0 },
        } satisfies RenderedFrame;
      },
      async setReference() {
        await wait(10);
        events.push('swapped');
      },
    },
    {
      reference,
      sizes: SIZES,
      startSize: 0,
      frameRate: 50,
      seed: 7,
      guidance: 1,
      retouch: false,
      planner,
      ...options,
    },
    {
      look: (look) => {
        looks.push(look);
        check();
      },
      frame: (image, frame) => {
        image.close();
        Object.assign(painted.at(-1) as Painted, { frame });
        check();
      },
      rest: () => events.push('rest'),
      restarted: (worker) => events.push(`restarted ${worker}`),
    },
  );
  const source = {
    async *frames({ signal, by = () => 0 }: { signal?: AbortSignal; by?: () => number }) {
      while (!signal?.aborted) {
        await wait(Math.max(frameMs, by() - performance.now() - frameMs));
        const image = { width: 256, height: 256, close() {} } as unknown as ImageBitmap;
        yield { image, takenAt: performance.now() };
      }
    },
  };
  meanwhile?.(session);
  let isOver = false;
  const run = session.run(source, end.signal).finally(() => {
    isOver = true;
  });
  run.catch(() => undefined);
  while (!isOver) await clock.pass(10);
  await run;
  return { looks, looksWhilePainting, painted, events, open, session };
}

interface Painted {
  readonly pose: Pose;
  readonly options: RenderOptions;
  readonly startedAt: number;
  readonly frame?: PaintedFrame;
}

/** Somebody who sways to and fro, so that no two frames are alike. */
const swaying = (time: number) => [standing({ shift: 0.06 * Math.sin(time / 60) })];

describe('a live session', () => {
  it('paints the newest pose with the same noise each time, one frame after the other', async () => {
    const planner = new FramePlanner();
    const { painted, looksWhilePainting, open } = await play(
      { people: swaying },
      ({ painted }) => painted.length >= 12,
      undefined,
      { planner },
    );
    expect(painted.every(({ options }) => options.fromLastFrame === undefined)).toBe(true);
    expect(painted.every(({ options }) => options.seed === 7 && options.retouch === false)).toBe(true);
    expect(looksWhilePainting).toBeGreaterThan(painted.length / 2);
    expect(open).toBe(0);
    for (const { frame } of painted.slice(0, -1)) expect(frame?.latencyMs).toBeGreaterThanOrEqual(12);
  });

  it('starts from the last frame where that is wanted', async () => {
    const { painted } = await play(
      { people: swaying },
      ({ painted }) => painted.length >= 6 && painted.at(-1)?.options.fromLastFrame !== undefined,
      (session) => session.startFramesWith(FROM_LAST_FRAME),
      { planner: new FramePlanner() },
    );
    expect(painted[0]?.options.fromLastFrame).toBeUndefined();
    expect(painted.at(-1)?.options.fromLastFrame?.strength).toBeGreaterThanOrEqual(FROM_LAST_FRAME);
  });

  it('is never further behind than two frames', async () => {
    const { painted } = await play({ people: swaying, paintMs: 60 }, ({ painted }) => painted.length >= 8);
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
    const latency = median(painted.flatMap(({ frame }) => frame?.latencyMs ?? []));
    const frame = median(
      painted.slice(1).map(({ startedAt }, i) => startedAt - (painted[i]?.startedAt ?? 0)),
    );
    expect(latency).toBeLessThan(2 * (frame ?? Number.NaN));
  });

  it('rests while the person does, and holds the last frame', async () => {
    const { painted, events } = await play({}, ({ looks }) => looks.length >= 15);
    expect(painted).toHaveLength(1);
    expect(events.filter((event) => event === 'rest').length).toBeGreaterThan(2);
  });

  it('moves the photo while the person moves, and paints what it lacks once they rest', async () => {
    const { painted, events } = await play(
      { people: (time) => (time < 300 ? swaying(time) : [standing()]), isLayered: true },
      ({ painted, looks }) => painted.at(-1)?.options.steps !== 0 && looks.length > 200,
      undefined,
      { retouch: true },
    );
    const steps = painted.map(({ options }) => options.steps);
    expect(steps.length).toBeGreaterThan(5);
    expect(steps.slice(0, -1).every((count) => count === 0)).toBe(true);
    expect(steps.at(-1)).toBeGreaterThan(1);
    const moved = painted.at(-2) as Painted;
    expect((painted.at(-1) as Painted).startedAt - moved.startedAt).toBeGreaterThanOrEqual(500);
    expect(events.at(-1)).toBe('rest');
  });

  it('has the new pose right within two frames of a cut', async () => {
    const cut = 300;
    let cutAt = Number.POSITIVE_INFINITY;
    const { painted } = await play(
      {
        people: (time) => {
          if (time > cut) cutAt = Math.min(cutAt, performance.now());
          return [standing({ shift: time > cut ? 0.3 : 0.004 * Math.sin(time / 20) })];
        },
      },
      () => performance.now() > cutAt + 150,
    );
    // The body is where it belongs in its own frame: compare with where the first frame had it.
    const place = (pose: Pose | undefined) => (pose ? jointX(pose, JOINT.neck) / pose.width : Number.NaN);
    const after = painted.filter(({ startedAt }) => startedAt >= cutAt).slice(0, 2);
    const there = after.find(({ pose }) => place(pose) - place(painted[0]?.pose) > 0.15);
    expect(there).toBeDefined();
    expect(there?.options.fromLastFrame).toBeUndefined();
  });

  it('says that nobody is there, paints nothing, and starts afresh when they come back', async () => {
    let looked = 0;
    // Counted, not timed: on a busy machine no look might fall into the time.
    const isAway = () => ++looked > 5 && looked < 16;
    const { looks, painted } = await play(
      { people: (time) => (isAway() ? [] : swaying(time)) },
      ({ looks }) =>
        looks.some(({ person }) => !person) && looks.slice(-12).every(({ person }) => person !== undefined),
    );
    expect(looks.some(({ person }) => person === undefined)).toBe(true);
    expect(painted.every(({ pose }) => isSeen(pose, JOINT.neck))).toBe(true);
  });

  it('follows whom it is pointed to among two', async () => {
    const [left, right] = [standing({ shift: -0.25 }), standing({ shift: 0.25 })];
    const at = (pose: Pose) => ({ x: jointX(pose, JOINT.neck), y: 64 });
    const { looks } = await play(
      { people: () => [left, right] },
      ({ looks }) => looks.length >= 8,
      (session) => session.pick(at(right)),
    );
    expect(looks.at(-1)?.people).toHaveLength(2);
    expect(jointX(looks.at(-1)?.person as Pose, JOINT.neck)).toBeCloseTo(at(right).x, 0);
  });

  it('learns the proportions in the first second', async () => {
    const { looks } = await play({ people: swaying, paintMs: 40, frameMs: 20 }, ({ looks }) =>
      looks.some(({ calibration }) => calibration === 1),
    );
    expect(looks[0]?.calibration).toBeLessThan(1);
  });

  it('goes on after a worker has died, from noise', async () => {
    let deaths = 0;
    const { painted, events } = await play(
      {
        people: swaying,
        paint: () => {
          if (painted0++ === 3 && deaths++ === 0) throw new EngineDiedError('of a test.');
        },
        follow: () => {
          if (looks0++ === 5) throw new PoseWorkerError('of a test.');
        },
      },
      ({ painted }) => painted.length >= 6,
    );
    expect(events).toContain('restarted engine');
    expect(events).toContain('restarted pose');
    expect(painted[3]?.options.fromLastFrame).toBeUndefined();
  });
  let painted0 = 0;
  let looks0 = 0;

  it('gives up on a worker that dies again and again, and on what is no death', async () => {
    const always = (error: Error) => () => {
      throw error;
    };
    const dying = play({ people: swaying, paint: always(new EngineDiedError('again.')) }, () => false);
    await expect(dying).rejects.toThrow(EngineDiedError);
    const wrong = play({ people: swaying, paint: always(new NotReadyError('No.', 'Yes.')) }, () => false);
    await expect(wrong).rejects.toThrow(NotReadyError);
  });

  it('swaps the reference between two frames', async () => {
    const other: Reference = { image: {} as ImageBitmap, pose: standing({ size: 1024 }) };
    let swapped: Promise<void> | undefined;
    const { painted, events } = await play(
      { people: swaying },
      ({ painted }) => painted.length >= 14,
      (session) => setTimeout(() => (swapped = session.setReference(other, SIZES)), 100),
    );
    await swapped;
    expect(events).toContain('swapped');
    const first = painted.findIndex(({ pose }) => pose.width === 1024);
    expect(first).toBeGreaterThan(0);
    expect(painted[first]?.options.fromLastFrame).toBeUndefined();
    expect(painted.slice(first).every(({ pose }) => pose.width === 1024)).toBe(true);
  });

  it('does nothing while the page is hidden, and starts from noise after', async () => {
    let [paused, resumed] = [Number.NaN, Number.POSITIVE_INFINITY];
    const { painted } = await play(
      { people: swaying },
      ({ painted }) => painted.filter(({ startedAt }) => startedAt > resumed).length >= 5,
      (session) => {
        setTimeout(() => {
          session.pause();
          paused = performance.now();
        }, 100);
        setTimeout(() => {
          session.resume();
          resumed = performance.now();
        }, 400);
      },
    );
    // The one that was asked for just before may still come.
    const hidden = painted.filter(({ startedAt }) => startedAt > paused && startedAt < resumed);
    expect(hidden.length).toBeLessThanOrEqual(1);
    const first = painted.find(({ startedAt }) => startedAt >= resumed);
    expect(first?.options.fromLastFrame).toBeUndefined();
  });

  it('gives up size where the device is too slow for it', async () => {
    const sizes = [256, 128].map((side) => ({ width: side, height: side }));
    const { painted } = await play(
      { people: swaying, paintMs: 30 },
      ({ painted }) => painted.some(({ options }) => options.width === 128),
      undefined,
      { sizes },
    );
    const first = painted.find(({ options }) => options.width === 128);
    expect(first?.options.fromLastFrame).toBeUndefined();
  });
});
