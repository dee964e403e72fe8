import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reference, RenderedFrame } from '../engine/api.ts';
import { Lookout } from './lookout.ts';
import { median } from './meter.ts';
import { FramePlanner } from './planner.ts';
import { LiveSession, type PaintedFrame } from './session.ts';
import { standing } from './testing/bodies.ts';
import { Clock, cameraOf, Processor, randomFrom } from './testing/machine.ts';

let clock: Clock;
beforeEach(() => {
  clock = new Clock();
});
afterEach(() => vi.unstubAllGlobals());

const FRAME = 1000;
const lead = (lookout: Lookout) => FRAME - lookout.wanted(0, FRAME);

async function look(lookout: Lookout, milliseconds: number): Promise<void> {
  lookout.begin();
  await clock.pass(milliseconds);
  lookout.end();
}

describe('the lookout', () => {
  it('begins a look just in time', async () => {
    const lookout = new Lookout();
    await look(lookout, 40);
    expect(lead(lookout)).toBe(40);
  });

  it('begins earlier while the painter has to wait for long, but never by more than half a frame', async () => {
    const lookout = new Lookout();
    await look(lookout, 40);
    lookout.waited(200, FRAME);
    expect(lead(lookout)).toBeGreaterThan(40);
    for (let i = 0; i < 50; i++) lookout.waited(800, FRAME);
    expect(lead(lookout)).toBeLessThanOrEqual(40 + FRAME / 2);
  });

  it('comes closer when nobody waits, until a little waiting is usual', async () => {
    const lookout = new Lookout();
    await look(lookout, 40);
    for (let i = 0; i < 5; i++) lookout.waited(200, FRAME);
    const before = lead(lookout);
    for (let i = 0; i < 20; i++) lookout.waited(0, FRAME);
    expect(lead(lookout)).toBeLessThan(before);
    // Waits of as much as it allows leave it where it is.
    const now = lead(lookout);
    for (let i = 0; i < 20; i++) lookout.waited(30, FRAME);
    expect(lead(lookout)).toBeCloseTo(now);
  });

  it('learns nothing from waits where looks follow each other without a pause', async () => {
    const lookout = new Lookout();
    await look(lookout, 1200);
    expect(lookout.lookBy(performance.now(), FRAME)).toBeGreaterThan(performance.now());
    lookout.waited(300, FRAME);
    expect(lead(lookout)).toBe(1200);
  });

  it('goes by the usual length of a look, not by the longest', async () => {
    const lookout = new Lookout();
    for (let i = 0; i < 5; i++) await look(lookout, 20);
    await look(lookout, 400);
    expect(lead(lookout)).toBe(20);
  });

  it('knows what remains of a look', async () => {
    const lookout = new Lookout();
    await look(lookout, 40);
    lookout.begin();
    await clock.pass(15);
    expect(lookout.remainingMs).toBe(25);
    lookout.end();
    expect(lookout.remainingMs).toBe(0);
  });
});

interface Machine {
  /** What a look and a frame take when nothing else runs; both vary, and now and then one takes far longer. */
  readonly lookMs: number;
  readonly paintMs: number;
  /** The share of its speed that each of them keeps while the other one runs too. */
  readonly shared: number;
  readonly gapMs: number;
}

/** Forty seconds of a session on a machine of which everything is known. */
async function live({ lookMs, paintMs, shared, gapMs }: Machine) {
  const processor = new Processor(shared);
  const random = randomFrom(11);
  const about = (ms: number) => ms * (1 + 0.22 * (random() + random() - 1)) * (random() < 0.02 ? 1.8 : 1);
  const frames: (PaintedFrame & { readonly at: number })[] = [];
  const image = { close() {} } as ImageBitmap;
  const reference: Reference = { image, pose: standing({ size: 512 }) };
  const session = new LiveSession(
    {
      ready: Promise.resolve(),
      async follow(_, time) {
        await processor.run(about(lookMs));
        return [standing({ shift: 0.06 * Math.sin(time / 60) })];
      },
      async paint() {
        const began = performance.now();
        await processor.run(about(paintMs));
        const timings = { denoiseMs: performance.now() - began, decodeMs: 0, retouchMs: 0 };
        // The way there and back.
        await new Promise((resolve) => setTimeout(resolve, 2));
        return { index: 0, image, timings } satisfies RenderedFrame;
      },
      setReference: async () => undefined,
    },
    {
      ...{ reference, sizes: [{ width: 128, height: 128 }], startSize: 0 },
      ...{ frameRate: 1000, seed: 1, guidance: 1, retouch: true, planner: new FramePlanner({ still: 0 }) },
    },
    {
      look: () => undefined,
      rest: () => undefined,
      restarted: () => undefined,
      frame: (_, frame) => frames.push({ ...frame, at: performance.now() }),
    },
  );
  const end = new AbortController();
  const ended = session.run(cameraOf({ gapMs }), end.signal);
  await clock.pass(40_000);
  end.abort();
  await clock.pass(2_000);
  await ended;
  const steady = frames.slice(frames.length / 3);
  const frameMs = ((steady.at(-1)?.at ?? 0) - (steady[0]?.at ?? 0)) / (steady.length - 1);
  const work = steady.map(({ poseMs, denoiseMs }) => Math.max(poseMs, denoiseMs));
  return {
    latencyInFrames: median(steady.map(({ latencyMs }) => latencyMs)) / frameMs,
    overhead: (frameMs * work.length) / work.reduce((sum, ms) => sum + ms, 0) - 1,
  };
}

/** A frame by the length of a look, and what one who looked a quarter earlier than need be would be behind. */
describe.each([
  { paint: 0.7, shared: 0.67 },
  { paint: 1, shared: 0.67 },
  { paint: 2, shared: 0.67 },
  { paint: 3, shared: 0.67 },
  { paint: 1, shared: 0.5 },
  { paint: 3, shared: 0.5 },
  { paint: 1, shared: 1 },
  { paint: 3, shared: 1 },
])('where a frame takes $paint looks, and two jobs keep $shared of their speed', ({ paint, shared }) => {
  it('shows what was a person two frames ago at most, and hardly waits', async () => {
    const { latencyInFrames, overhead } = await live({
      ...{ lookMs: 60, paintMs: 60 * paint, shared, gapMs: 1000 / 30 },
    });
    expect(latencyInFrames).toBeLessThanOrEqual(paint < 2 ? 2 : 1.75);
    expect(overhead).toBeLessThanOrEqual(0.08);
  });
});

it('is not far behind before a slow camera', async () => {
  const { latencyInFrames, overhead } = await live({
    ...{ lookMs: 60, paintMs: 120, shared: 0.67, gapMs: 1000 / 15 },
  });
  expect(latencyInFrames).toBeLessThanOrEqual(1.8);
  expect(overhead).toBeLessThanOrEqual(0.08);
});
