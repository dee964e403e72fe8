import type { Evaluation } from '../../src/engine/backend.ts';
import { WebGpuBackend } from '../../src/engine/webgpu/backend.ts';
import { openPack } from '../../src/pack/open.ts';
import { DdimSchedule } from '../../src/scd/ddim.ts';
import { gaussianNoise } from '../../src/scd/noise.ts';

export interface OverheadReport {
  readonly device: string;
  readonly segments: number;
  /** Time of the page's own thread in one evaluation of the U-Net, for each of them. */
  readonly issueMs: readonly number[];
  readonly readbacks: number;
  readonly readbacksOfTheImage: number;
}

declare global {
  interface Window {
    measureOverhead(pack: string, evaluations: number): Promise<OverheadReport>;
  }
}

const STEPS = 8;

/** Counts every mapping for reading, ONNX Runtime's as well as ours. */
let readbacks = 0;
const map = GPUBuffer.prototype.mapAsync;
GPUBuffer.prototype.mapAsync = function (this: GPUBuffer, mode, ...range) {
  if (mode & GPUMapMode.READ) readbacks++;
  return map.call(this, mode, ...range);
};

window.measureOverhead = async (url, evaluations) => {
  const backend = await WebGpuBackend.open({ precision: 'f16' });
  const pack = await openPack({ kind: 'url', url });
  const { manifest } = pack;
  const [width, height] = [64, 64];
  const networks = await backend.build(pack, { width, height });
  const picture = networks.upload(new Float32Array(3 * width * height), [1, 3, height, width]);
  const pose = await networks.encodePose(picture);
  const latents = await networks.encodeImage(picture);
  const memory = await networks.remember([{ sample: latents, pose, timestep: 0 }]);
  const count = latents.shape.reduce((product, dim) => product * dim, 1);
  let sample = networks.upload(gaussianNoise(count, 1, 0), latents.shape);
  const evaluation = (timestep: number): Evaluation => ({ sample, pose, timestep, memory });

  const issueMs: number[] = [];
  // The first ones compile and capture.
  for (let i = -2; i < evaluations; i++) {
    // An idle queue: what is measured is issuing, not waiting for room behind earlier work.
    await backend.on.gpu.queue.onSubmittedWorkDone();
    const start = performance.now();
    const prediction = await networks.evaluate(evaluation(500));
    if (i >= 0) issueMs.push(performance.now() - start);
    prediction.dispose();
  }

  const schedule = new DdimSchedule(manifest.configs.scheduler);
  (await networks.decode(sample)).dispose();
  await backend.on.gpu.queue.onSubmittedWorkDone();
  readbacks = 0;
  for (const timestep of schedule.timesteps(STEPS)) {
    const prediction = await networks.evaluate(evaluation(timestep));
    sample = networks.step(sample, prediction, schedule.update(timestep, STEPS));
  }
  const image = await networks.decode(sample);
  await backend.on.gpu.queue.onSubmittedWorkDone();
  const untilDecoded = readbacks;
  (await networks.toImage(image)).close();
  return {
    device: `${backend.device}, ${backend.precision}`,
    segments: manifest.unet.length,
    issueMs,
    readbacks: untilDecoded,
    readbacksOfTheImage: readbacks - untilDecoded,
  };
};
