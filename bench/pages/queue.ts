import type { RenderOptions } from '../../src/engine/api.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { Engine } from '../../src/engine/engine.ts';
import { WebGpuBackend } from '../../src/engine/webgpu/backend.ts';
import { openPack } from '../../src/pack/open.ts';

export interface QueueReport {
  readonly device: string;
  /** The most steps that were issued and not done at any time. */
  readonly stepsInFlight: number;
  readonly stepMs: number;
  /** How long `cancel` took, each time. */
  readonly cancelMs: readonly number[];
  readonly resolvedAfterCancel: number;
  /** What a frame's stages say they took, and what the frame took. */
  readonly stagesMs: number;
  readonly frameMs: number;
}

declare global {
  interface Window {
    measureQueue(pack: string, side: number, steps: number): Promise<QueueReport>;
  }
}

const CANCELS = 3;

window.measureQueue = async (url, side, steps) => {
  let device = '';
  let [issued, done, mostInFlight] = [0, 0, 0];
  const engine = new Engine({
    openPack,
    async createBackend(kind, options) {
      const backend = await createBackend(kind, options);
      if (!(backend instanceof WebGpuBackend)) throw new Error('a WebGPU backend');
      device = `${backend.device}, ${backend.precision}`;
      const build = backend.build.bind(backend);
      backend.build = async (...args) => {
        const networks = await build(...args);
        const step = networks.step.bind(networks);
        networks.step = (...of) => {
          const next = step(...of);
          mostInFlight = Math.max(mostInFlight, ++issued - done);
          // By the device's own word, not by the engine's.
          void backend.on.gpu.queue.onSubmittedWorkDone().then(() => done++);
          return next;
        };
        return networks;
      };
      return backend;
    },
  });
  const pose = {
    ...{ width: side, height: side },
    joints: Float32Array.from({ length: 54 }, (_, i) => (i % 3 === 2 ? 1 : 8 + ((i * 7) % (side - 16)))),
  };
  const image = await createImageBitmap(new ImageData(side, side));
  await engine.load({ kind: 'url', url }, { backend: 'webgpu', size: { width: side, height: side } });
  await engine.setReferences([{ image, pose }]);
  const options: RenderOptions = { width: side, height: side, steps, seed: 1, guidance: 1 };
  // Compiles, and looks at the reference.
  (await engine.renderFrame(pose, { ...options, steps: 2 })).image.close();

  mostInFlight = 0;
  const began = performance.now();
  const frame = await engine.renderFrame(pose, options);
  const frameMs = performance.now() - began;
  frame.image.close();
  const stepMs = frame.timings.denoiseMs / steps;

  const cancelMs: number[] = [];
  let resolvedAfterCancel = 0;
  for (let i = 0; i < CANCELS; i++) {
    const cancelled = engine.renderFrame(pose, options).then(
      () => void resolvedAfterCancel++,
      () => undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, (2.5 + i) * stepMs));
    const start = performance.now();
    await engine.cancel();
    cancelMs.push(performance.now() - start);
    await cancelled;
  }
  const { denoiseMs, decodeMs } = frame.timings;
  await engine.dispose();
  return {
    ...{ device, stepsInFlight: mostInFlight, stepMs, cancelMs, resolvedAfterCancel },
    ...{ stagesMs: denoiseMs + decodeMs, frameMs },
  };
};
