import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Arrivals } from './arrivals.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const GAP = 40;

/** A camera with a frame every 40 ms, and a loop before it that notes when it got one. */
function watch(by: () => number = () => 0, signal?: AbortSignal) {
  const arrivals = new Arrivals();
  const camera = setInterval(() => arrivals.arrive(), GAP);
  const frames = arrivals.newest({ by, ...(signal && { signal }) });
  const next = async () => {
    const { done } = await frames.next();
    return done ? null : performance.now();
  };
  return { arrivals, next, unplug: () => clearInterval(camera) };
}

/** Ten frames, so that the camera's rhythm is known. */
async function settle(next: () => Promise<number | null>): Promise<void> {
  const first = next();
  await vi.advanceTimersByTimeAsync(GAP);
  await first;
  await vi.advanceTimersByTimeAsync(9 * GAP);
}

describe('the arrivals', () => {
  it('give a frame at once where one came since the last, and wait where none did', async () => {
    const { next } = watch();
    await settle(next);
    await vi.advanceTimersByTimeAsync(15);
    const now = performance.now();
    expect(await next()).toBe(now);
    const later = next();
    await vi.advanceTimersByTimeAsync(GAP);
    expect(await later).toBe(now + GAP - 15);
  });

  it('wait for the last frame that comes by the moment', async () => {
    let by = 0;
    const { next } = watch(() => by);
    await settle(next);
    const now = performance.now();
    by = now + 100;
    const chosen = next();
    await vi.advanceTimersByTimeAsync(200);
    expect(await chosen).toBe(now + 80);
  });

  it('take what is there where no other comes by the moment', async () => {
    let by = 0;
    const { next } = watch(() => by);
    await settle(next);
    await vi.advanceTimersByTimeAsync(10);
    const now = performance.now();
    by = now + 25;
    expect(await next()).toBe(now);
  });

  it('wait no longer than until the moment for a frame that does not come', async () => {
    let by = 0;
    const { next, unplug } = watch(() => by);
    await settle(next);
    unplug();
    const now = performance.now();
    by = now + 50;
    const chosen = next();
    await vi.advanceTimersByTimeAsync(60);
    expect(await chosen).toBe(now + 50);
  });

  it('end with the fault, and without one where nobody wants more', async () => {
    const { arrivals, next } = watch();
    const waiting = next();
    arrivals.end(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');

    const end = new AbortController();
    const stopped = watch(() => 0, end.signal).next();
    end.abort();
    expect(await stopped).toBeNull();
  });
});
