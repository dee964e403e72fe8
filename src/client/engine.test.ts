import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChannelWorker } from '../../tools/channel-worker.ts';
import { IMAGE, OPTIONS, POSE } from '../../tools/fake-engine.ts';
import type { EngineService, LoadOptions, RenderedFrame } from '../engine/api.ts';
import {
  DeviceLostError,
  DeviceStalledError,
  EngineDiedError,
  NotFiniteError,
  NotReadyError,
  OutOfMemoryError,
} from '../engine/errors.ts';
import { EngineClient } from './engine.ts';

/** What a worker is asked, in order, and what it does about it. */
class Script {
  readonly asked: string[] = [];
  readonly worker: ChannelWorker;
  precision: 'f16' | 'f32' = 'f16';
  onLoad: () => void | Promise<void> = () => {};
  onFrame: (nth: number) => void | Promise<void> = () => {};

  constructor() {
    let frames = 0;
    const frame = async (index: number): Promise<RenderedFrame> => {
      await this.onFrame(frames++);
      return {
        index,
        image: { width: 64 } as ImageBitmap,
        timings: { denoiseMs: 1, decodeMs: 1, retouchMs: 0 },
      };
    };
    const service: Partial<Record<keyof EngineService, unknown>> = {
      onNotice: () => undefined,
      onSignOfLife: () => undefined,
      load: async (_: unknown, options: LoadOptions) => {
        this.asked.push(`load ${options.precision ?? 'auto'}`);
        await this.onLoad();
        this.precision = options.precision === 'f32' ? 'f32' : 'f16';
        return { backend: 'webgpu', precision: this.precision, notices: [] };
      },
      setReferences: async (references: readonly unknown[]) =>
        void this.asked.push(`references ${references.length}`),
      renderFrame: async () => {
        this.asked.push('frame');
        return frame(0);
      },
      animate: async (
        poses: readonly unknown[],
        _: unknown,
        onFrame: (frame: RenderedFrame) => Promise<void>,
        __: unknown,
        from: number,
      ) => {
        this.asked.push(`animate from ${from}`);
        for (let index = from; index < poses.length; index++) await onFrame(await frame(index));
        return poses.length;
      },
      cancel: async () => void this.asked.push('cancel'),
      info: async () => ({ precision: this.precision, notices: [] }),
    };
    this.worker = new ChannelWorker(service);
  }
}

/** A copy of it that a message makes has no methods, as far as a clone can tell. */
class Bitmap {
  close(): void {}
}

const scripts: Script[] = [];
beforeEach(() => {
  vi.stubGlobal('createImageBitmap', async () => new Bitmap());
  vi.stubGlobal('document', { baseURI: 'http://here/' });
});
afterEach(() => {
  vi.unstubAllGlobals();
  for (const { worker } of scripts.splice(0)) worker.terminate();
});

async function ready(prepare: (script: Script, nth: number) => void = () => {}) {
  const client = new EngineClient(() => {
    const script = new Script();
    prepare(script, scripts.length);
    scripts.push(script);
    return script.worker as unknown as Worker;
  });
  const heard: string[] = [];
  client.onNotice((notice) => heard.push(notice));
  await client.load({ kind: 'url', url: '/pack/' }, {});
  await client.setReferences([{ image: IMAGE, pose: POSE }]);
  return { client, heard };
}

const asked = () => scripts.map((script) => script.asked);
const never = () => new Promise<void>(() => {});

describe('an engine that breaks', () => {
  it.each([new DeviceLostError('unplugged'), new DeviceStalledError('running a graph', 240)])(
    'is replaced, and the frame is done again: $name',
    async (error) => {
      const { client, heard } = await ready((script, nth) => {
        script.onFrame = () => {
          if (nth === 0) throw error;
        };
      });
      await expect(client.renderFrame(POSE, OPTIONS)).resolves.toMatchObject({ index: 0 });
      expect(asked()).toEqual([
        ['load auto', 'references 1', 'frame'],
        ['load auto', 'references 1', 'frame'],
      ]);
      expect(scripts[0]?.worker.isTerminated).toBe(true);
      expect(heard).toEqual([expect.stringContaining(error.message)]);
      expect((await client.info())?.notices).toEqual(heard);
    },
  );

  it('may be a worker that ends, with two calls in flight', async () => {
    const { client } = await ready((script, nth) => {
      if (nth === 0) script.onFrame = never;
    });
    const frames = [client.renderFrame(POSE, OPTIONS), client.renderFrame(POSE, OPTIONS)];
    await vi.waitFor(() => expect(scripts[0]?.asked).toHaveLength(4));
    client.restart('a test ended it.');
    await Promise.all(frames);
    expect(asked()[1]).toEqual(['load auto', 'references 1', 'frame', 'frame']);
    expect(scripts).toHaveLength(2);
  });

  it('is an error when it breaks again at the same frame, and the next call finds a new one', async () => {
    const { client } = await ready((script, nth) => {
      script.onFrame = () => {
        if (nth < 2) throw new DeviceLostError('again');
      };
    });
    await expect(client.renderFrame(POSE, OPTIONS)).rejects.toBeInstanceOf(DeviceLostError);
    await expect(client.renderFrame(POSE, OPTIONS)).resolves.toMatchObject({ index: 0 });
    expect(scripts).toHaveLength(3);
  });

  it('goes on with the clip where it stood', async () => {
    const { client } = await ready((script, nth) => {
      script.onFrame = (frame) => {
        if (nth === 0 && frame === 2) throw new DeviceLostError('unplugged');
        if (nth === 1 && frame === 1) throw new DeviceLostError('unplugged once more');
      };
    });
    const seen: number[] = [];
    const count = await client.animate(
      [POSE, POSE, POSE, POSE],
      OPTIONS,
      ({ index }) => void seen.push(index),
    );
    expect(count).toBe(4);
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(asked().map((all) => all.at(-1))).toEqual(['animate from 0', 'animate from 2', 'animate from 3']);
  });

  it('computes in f32 where f16 is too small, and says so', async () => {
    const { client, heard } = await ready((script) => {
      script.onFrame = () => {
        if (script.precision === 'f16') throw new NotFiniteError('f16');
      };
    });
    await client.renderFrame(POSE, OPTIONS);
    expect(asked()[1]).toEqual(['load f32', 'references 1', 'frame']);
    expect(heard).toEqual([expect.stringContaining('f32')]);
    expect(await client.info()).toMatchObject({ precision: 'f32' });
  });

  it('and cannot be loaded again says why, and is tried again at the next call', async () => {
    const { client } = await ready((script, nth) => {
      script.onFrame = () => {
        if (nth === 0) throw new DeviceLostError('unplugged');
      };
      script.onLoad = () => {
        if (nth === 1) throw new OutOfMemoryError('reading the model');
      };
    });
    await expect(client.renderFrame(POSE, OPTIONS)).rejects.toBeInstanceOf(OutOfMemoryError);
    await expect(client.renderFrame(POSE, OPTIONS)).resolves.toMatchObject({ index: 0 });
    expect(asked()[2]).toEqual(['load auto', 'references 1', 'frame']);
  });

  it('does no more for whoever has loaded another model, or closed it', async () => {
    const { client } = await ready((script, nth) => {
      if (nth === 0) script.onFrame = never;
    });
    const frame = client.renderFrame(POSE, OPTIONS);
    frame.catch(() => undefined);
    await vi.waitFor(() => expect(scripts[0]?.asked).toContain('frame'));
    await client.load({ kind: 'url', url: '/other/' }, {});
    await expect(frame).rejects.toBeInstanceOf(EngineDiedError);
    await client.dispose();
    await expect(client.renderFrame(POSE, OPTIONS)).rejects.toBeInstanceOf(NotReadyError);
    expect(scripts).toHaveLength(2);
  });
});

describe('a model', () => {
  it('that fails to load leaves the one before', async () => {
    const { client } = await ready((script, nth) => {
      script.onLoad = () => {
        if (nth === 1) throw new OutOfMemoryError('reading the model');
      };
    });
    await expect(client.load({ kind: 'url', url: '/other/' }, { precision: 'f32' })).rejects.toBeInstanceOf(
      OutOfMemoryError,
    );
    await client.renderFrame(POSE, OPTIONS);
    expect(asked()[2]).toEqual(['load auto', 'references 1', 'frame']);
  });

  it('can be stopped while it loads', async () => {
    const { client } = await ready((script, nth) => {
      if (nth === 1) script.onLoad = never;
    });
    const loading = client.load({ kind: 'url', url: '/other/' }, {});
    loading.catch(() => undefined);
    await vi.waitFor(() => expect(scripts[1]?.asked).toContain('load auto'));
    await client.cancel();
    expect(scripts[1]?.asked).toEqual(['load auto', 'cancel']);
    await client.dispose();
    await expect(loading).rejects.toBeInstanceOf(EngineDiedError);
  });
});
