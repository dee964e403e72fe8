import type { Remote } from 'comlink';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ChannelWorker } from '../../tools/channel-worker.ts';
import { WorkerHandle, type WorkerKind } from './worker-handle.ts';

class Died extends Error {}

const service = {
  double: (value: number) => value * 2,
  never: () => new Promise<number>(() => {}),
  fail: () => {
    throw new RangeError('too much');
  },
};
type Service = typeof service;

const workers: ChannelWorker[] = [];
afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
  vi.useRealTimers();
});

function handleOf(kind: Partial<WorkerKind<Service>> = {}): WorkerHandle<Service> {
  return new WorkerHandle<Service>({
    start: () => {
      const worker = new ChannelWorker(service);
      workers.push(worker);
      return worker as unknown as Worker;
    },
    died: (reason) => new Died(reason),
    ...kind,
  });
}

const double = (value: number) => (remote: Remote<Service>) => remote.double(value);
const never = (remote: Remote<Service>) => remote.never();
const fail = (remote: Remote<Service>) => remote.fail() as Promise<never>;

describe('a worker handle', () => {
  test('starts one worker for all questions, and only when asked', async () => {
    const handle = handleOf();
    expect(handle.isRunning).toBe(false);
    expect(await Promise.all([handle.ask(double(2), 9), handle.ask(double(3), 9)])).toEqual([4, 6]);
    expect(workers).toHaveLength(1);
  });

  test('rejects what waits when it is ended, and starts anew', async () => {
    const handle = handleOf();
    const waiting = handle.ask(never, 9);
    await handle.ask(double(1), 9);
    handle.end('it was closed.');
    await expect(waiting).rejects.toThrow(new Died('it was closed.'));
    expect(workers[0]?.isTerminated).toBe(true);
    expect(await handle.ask(double(4), 9)).toBe(8);
    expect(workers).toHaveLength(2);
  });

  test('notices a worker that dies by itself', async () => {
    const handle = handleOf();
    const waiting = handle.ask(never, 9);
    await handle.ask(double(1), 9);
    workers[0]?.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
    await expect(waiting).rejects.toThrow(new Died('out of memory'));
    expect(await handle.ask(double(4), 9)).toBe(8);
  });

  test('replaces a worker that is silent for too long, unless it gives signs of life', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const handle = handleOf();
    await handle.ask(double(1), 3);
    const beats: (() => void)[] = [];
    const waiting = handle.ask((remote, beat) => {
      beats.push(beat);
      return remote.never();
    }, 3);
    const failure = expect(waiting).rejects.toThrow(new Died('it gave no answer for 3 seconds.'));
    await vi.waitFor(() => expect(beats).toHaveLength(1));
    vi.advanceTimersByTime(2000);
    beats[0]?.();
    vi.advanceTimersByTime(2000);
    expect(handle.isRunning).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(handle.isRunning).toBe(false);
    await failure;
    expect(await handle.ask(double(5), 3)).toBe(10);
  });

  test('has no clock running while nobody waits', async () => {
    const clear = vi.spyOn(globalThis, 'clearInterval');
    const handle = handleOf();
    await handle.ask(double(1), 9);
    await expect(handle.ask(fail, 9)).rejects.toThrow('too much');
    expect(clear).toHaveBeenCalledTimes(2);
    clear.mockRestore();
  });

  test('keeps a worker whose answer is a fault of the question, and ends one that is broken', async () => {
    const handle = handleOf();
    await expect(handle.ask(fail, 9)).rejects.toThrow('too much');
    expect(handle.isRunning).toBe(true);

    const fragile = handleOf({ isFatal: (error) => error instanceof Error && error.message === 'too much' });
    const other = fragile.ask(never, 9);
    const broken = fragile.ask(fail, 9);
    await expect(broken).rejects.toThrow('too much');
    await expect(other).rejects.toThrow(Died);
    expect(await fragile.ask(double(6), 9)).toBe(12);
  });

  test('has every worker ready before it is asked, also after it died', async () => {
    const order: string[] = [];
    const handle = handleOf({
      prepare: async (ask) => {
        await ask(double(1), 9);
        order.push('ready');
      },
    });
    const asked = (name: string) =>
      handle.ask((remote) => {
        order.push(name);
        return remote.double(1);
      }, 9);
    await Promise.all([asked('first'), asked('second')]);
    handle.end('it was closed.');
    await asked('third');
    expect(order).toEqual(['ready', 'first', 'second', 'ready', 'third']);
  });

  test('tells why a worker could not be made ready, and tries again with the next question', async () => {
    let attempts = 0;
    const handle = handleOf({
      prepare: async (ask) => {
        attempts++;
        if (attempts === 1) await ask(fail, 9);
      },
    });
    await expect(handle.ask(double(1), 9)).rejects.toThrow('too much');
    expect(await handle.ask(double(1), 9)).toBe(2);
    expect(attempts).toBe(2);
  });
});
