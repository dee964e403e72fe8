/** The engine's worker, with a fault that its address names: `?fault=busy&step=2` breaks at the second evaluation. */
import type { Backend, Evaluation } from '../../src/engine/backend.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { Engine } from '../../src/engine/engine.ts';
import { WebGpuBackend } from '../../src/engine/webgpu/backend.ts';
import { patience } from '../../src/engine/webgpu/runtime.ts';
import { openPack } from '../../src/pack/open.ts';
import { serveEngine } from '../../workers/serve-engine.ts';

/** Work is queued when the device goes; the device is idle then; the device never answers again; numbers overflow. */
export type Fault = 'busy' | 'idle' | 'silent' | 'none';

const settings = new URL(location.href).searchParams;
const fault = settings.get('fault') as Fault;
const breaksAt = Number(settings.get('step') ?? 1);

/** Done right before an evaluation. */
async function breakDown({ gpu }: WebGpuBackend['on']): Promise<void> {
  if (fault === 'idle') await gpu.queue.onSubmittedWorkDone();
  if (fault === 'idle' || fault === 'busy') gpu.destroy();
  if (fault === 'silent') {
    patience.seconds = 2;
    const never = () => new Promise<never>(() => {});
    Object.assign(gpu.queue, { onSubmittedWorkDone: never });
    GPUBuffer.prototype.mapAsync = never;
  }
}

function fragile(backend: Backend): Backend {
  if (!(backend instanceof WebGpuBackend) || fault === 'none') return backend;
  const build = backend.build.bind(backend);
  let evaluations = 0;
  backend.build = async (...args) => {
    const networks = await build(...args);
    const evaluateAll = networks.evaluateAll.bind(networks);
    networks.evaluateAll = async (all: readonly Evaluation[]) => {
      if (++evaluations === breaksAt) await breakDown(backend.on);
      return evaluateAll(all);
    };
    return networks;
  };
  return backend;
}

serveEngine(
  new Engine({
    openPack,
    createBackend: async (kind, options) => fragile(await createBackend(kind, options)),
  }),
);
