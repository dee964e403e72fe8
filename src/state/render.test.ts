import { describe, expect, it } from 'vitest';
import type { EngineApi, EngineInfo } from '../engine/api.ts';
import { ensureLoaded, type RenderJob, render } from './render.ts';

/** An engine that only writes down what it is asked. */
function recordingEngine() {
  const calls: string[] = [];
  const info = { backend: 'wasm' } as EngineInfo;
  const engine: EngineApi = {
    load: async (_, { size }) => {
      calls.push(size ? `load for ${size.width}` : 'load');
      return info;
    },
    onNotice: () => undefined,
    setReferences: async () => void calls.push('references'),
    renderFrame: () => Promise.reject(new Error('unused')),
    animate: async (poses) => {
      calls.push(`animate ${poses.length}`);
      return poses.length;
    },
    cancel: async () => undefined,
    info: async () => info,
    dispose: async () => undefined,
  };
  return { engine, calls };
}

const job: RenderJob = {
  pack: { kind: 'url', url: './packs/default/' },
  load: { backend: 'auto' },
  references: [],
  poses: [],
  options: { width: 256, height: 256, steps: 4, seed: 1, guidance: 1 },
};

describe('render', () => {
  it('gives an engine only what it does not have yet', async () => {
    const { engine, calls } = recordingEngine();
    await render(engine, job, { onFrame: () => undefined });
    await render(engine, job, { onFrame: () => undefined });
    expect(calls).toEqual(['load', 'references', 'animate 0', 'animate 0']);

    calls.length = 0;
    await render(engine, { ...job, references: [...job.references] }, { onFrame: () => undefined });
    expect(calls).toEqual(['references', 'animate 0']);

    calls.length = 0;
    await ensureLoaded(engine, { kind: 'url', url: './packs/other/' }, job.load);
    await render(engine, job, { onFrame: () => undefined });
    expect(calls).toEqual(['load', 'load', 'references', 'animate 0']);
  });

  it('makes a fresh load ready for the size, and loads no second time for another one', async () => {
    const { engine, calls } = recordingEngine();
    for (const width of [192, 320]) {
      await ensureLoaded(engine, job.pack, job.load, undefined, { width, height: 256 });
    }
    await ensureLoaded(engine, job.pack, job.load);
    expect(calls).toEqual(['load for 192']);
  });

  it('shares a load that is on its way', async () => {
    const { engine, calls } = recordingEngine();
    const early = ensureLoaded(engine, job.pack, job.load);
    await Promise.all([early, render(engine, job, { onFrame: () => undefined })]);
    expect(calls.filter((call) => call === 'load')).toHaveLength(1);
  });

  it('loads again after a load that failed', async () => {
    const { engine, calls } = recordingEngine();
    const broken = { ...engine, load: () => Promise.reject(new Error('no network')) };
    await expect(ensureLoaded(broken, job.pack, job.load)).rejects.toThrow('no network');
    broken.load = engine.load as typeof broken.load;
    await ensureLoaded(broken, job.pack, job.load);
    expect(calls).toEqual(['load']);
  });
});
