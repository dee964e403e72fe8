/**
 * Whether the engine keeps pace with a WebGPU device: how many denoising steps wait in its queue at most, how soon a
 * cancelled frame ends (in steps), that no frame comes after that, and whether a frame's stages add up to its time.
 */
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { withPage } from '../tools/pages.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { BenchResult } from './run.ts';

/** Large enough that steps take longer than issuing them. */
const SIDE = 256;
const STEPS = 20;

export async function run(): Promise<BenchResult> {
  const pack = await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f16');
  const report = await withPage('/bench/pages/queue.html', { webgpu: true }, async (page) => {
    await serveFiles(page, '/pack/', pack);
    return page.evaluate(([side, steps]) => window.measureQueue('/pack/', side, steps), [
      SIDE,
      STEPS,
    ] as const);
  });
  const { device, stepsInFlight, stepMs, cancelMs, resolvedAfterCancel, stagesMs, frameMs } = report;
  const cancelSteps = Math.max(...cancelMs) / stepMs;
  const timingError = Math.abs(stagesMs / frameMs - 1);
  return {
    name: 'queue',
    device,
    figures: {
      stepsInFlight,
      cancelSteps: Number(cancelSteps.toFixed(2)),
      resolvedAfterCancel,
      timingError: Number(timingError.toFixed(3)),
      stepMs: Number(stepMs.toFixed(1)),
    },
    pass: stepsInFlight <= 2 && cancelSteps <= 1.5 && resolvedAfterCancel === 0 && timingError <= 0.1,
  };
}
