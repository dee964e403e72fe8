import type { Networks } from '../../src/engine/backend.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { referenceEvaluation } from '../../src/engine/denoiser.ts';
import { denoisingSteps, eachAlone, type Predict } from '../../src/engine/sampler.ts';
import { openPack } from '../../src/pack/open.ts';
import { DdimSchedule } from '../../src/scd/ddim.ts';
import { gaussianNoise } from '../../src/scd/noise.ts';

export interface CacheResult {
  readonly device: string;
  readonly cachedMs: number;
  readonly repeatedMs: number;
  readonly maxDifference: number;
}

const STEPS = 8;

/** A frame of a running clip against the same frame with the reference pass run again at every step. */
async function compareCache(url: string, threads: number, runs: number): Promise<CacheResult> {
  const pack = await openPack({ kind: 'url', url });
  const { width, height } = pack.manifest.defaults;
  const backend = await createBackend('wasm', { precision: 'f32', threads });
  const networks = await backend.build(pack, { width, height });
  const picture = (stream: number) =>
    networks.upload(
      gaussianNoise(3 * height * width, 1, stream).map((value) => Math.max(0, Math.min(1, 0.5 + value / 4))),
      [1, 3, height, width],
    );
  const latents = await networks.encodeImage(picture(0));
  const reference = referenceEvaluation(latents, await networks.encodePose(picture(1)));
  const pose = await networks.encodePose(picture(2));

  const memory = await networks.remember([reference]);
  const cached = eachAlone((sample, timestep) => networks.evaluate({ sample, pose, timestep, memory }));
  const repeated = eachAlone(async (sample, timestep) => {
    const again = await networks.remember([reference]);
    const prediction = await networks.evaluate({ sample, pose, timestep, memory: again });
    again.dispose();
    return prediction;
  });

  const schedule = new DdimSchedule(pack.manifest.configs.scheduler);
  const frame = (predict: Predict) => denoise(networks, schedule, latents.shape, predict);
  await frame(cached);
  const times = { cached: [] as number[], repeated: [] as number[] };
  let maxDifference = 0;
  // In turns, so that whatever else the machine does slows both.
  for (let run = 0; run < runs; run++) {
    const a = await frame(cached);
    const b = await frame(repeated);
    times.cached.push(a.ms);
    times.repeated.push(b.ms);
    a.values.forEach((value, i) => {
      const difference = Math.abs(value - (b.values[i] ?? Number.NaN));
      if (!(difference <= maxDifference)) maxDifference = difference;
    });
  }
  networks.dispose();
  backend.dispose();
  return {
    device: backend.device,
    cachedMs: median(times.cached),
    repeatedMs: median(times.repeated),
    maxDifference,
  };
}

async function denoise(
  networks: Networks,
  schedule: DdimSchedule,
  shape: readonly number[],
  predict: Predict,
): Promise<{ ms: number; values: Float32Array }> {
  const count = shape.reduce((product, dim) => product * dim, 1);
  const start = performance.now();
  let latents = networks.upload(gaussianNoise(count, 2), shape);
  const plan = { latents: [latents], timesteps: schedule.timesteps(STEPS), steps: STEPS, seeds: [2] };
  for await (const step of denoisingSteps(networks, schedule, plan, predict))
    [latents = latents] = step.latents;
  const values = await networks.download(latents);
  return { ms: performance.now() - start, values };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

Object.assign(window, { compareCache });
