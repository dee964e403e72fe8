/**
 * Memory over many frames of a live session, with the end of both workers in the middle.
 *   npm run bench -- live-memory [--frames 2000] [--pack DIR|URL] [--backend wasm|webgpu]
 * A small random pack stands in where no other is named, at the smallest size and with one step: what a frame leaves
 * behind does not depend on what is in the weights.
 */
import { parseArgs } from 'node:util';
import type { Page, Worker } from '@playwright/test';
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { sentenceOf } from '../tools/sentence-of.ts';
import { serveFiles, servePack } from '../tools/serve-files.ts';
import { backendOf, prepare, rounded, sum, withLivePage } from './live-page.ts';
import type { Bench } from './run.ts';

const MIB = 2 ** 20;
/** What memory may end above where it stood once everything was warm. */
const MOST_GROWTH_MIB = 16;
const SIDE = 64;
/** More than any device holds: each frame gets a single step. */
const FRAME_RATE = 1000;
const PARTS = 8;
const LONGEST_PART_SECONDS = 600;

export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pack: { type: 'string' },
      backend: { type: 'string', default: 'wasm' },
      frames: { type: 'string', default: '2000' },
    },
  });
  const backend = backendOf(values.backend);
  const wanted = Number(values.frames);
  return withLivePage('dance', backend, async (page) => {
    const buffers = countGpuBuffers(page);
    const device = await prepare(page, {
      pack: await packFor(page, values.pack),
      load: { backend, threads: 1 },
      sizes: [{ width: SIDE, height: SIDE }],
      frameRate: FRAME_RATE,
      strength: 1,
    });
    const part = Math.ceil(wanted / PARTS);
    const heap: number[] = [];
    const gpu: number[] = [];
    const restarts: string[] = [];
    let frames = 0;
    const faults: { error?: string } = {};
    try {
      // What is allocated once is allocated in the first part.
      for (let i = 0; i <= PARTS; i++) {
        const restartAt = i === PARTS / 2 ? part >> 1 : 1e9;
        const live = await page.evaluate(([part, seconds, at]) => window.liveBench.live(part, seconds, at), [
          part,
          LONGEST_PART_SECONDS,
          restartAt,
        ] as const);
        restarts.push(...live.restarts);
        if (i > 0) frames += live.frames.length;
        heap.push((await page.evaluate(() => window.liveBench.heapBytes())) / MIB);
        gpu.push(await buffers());
      }
    } catch (fault) {
      // What was measured until then is still worth having.
      faults.error = sentenceOf(fault);
    }
    const died = (which: string) => restarts.filter((worker) => worker === which).length;
    const figures = {
      frames,
      heapMiB: heap.at(-1) ?? Number.NaN,
      heapGrowthMiB: growth(heap),
      heapHighestMiB: Math.max(...heap),
      gpuBuffers: gpu.at(-1) ?? 0,
      gpuBufferGrowth: growth(gpu),
      engineRestarts: died('engine'),
      poseRestarts: died('pose'),
      ...faults,
    };
    const pass =
      faults.error === undefined &&
      frames >= wanted &&
      figures.heapGrowthMiB <= MOST_GROWTH_MIB &&
      figures.gpuBufferGrowth <= 0 &&
      figures.engineRestarts > 0;
    return { name: 'live-memory', device, figures: rounded(figures), pass };
  });
};

const growth = (values: readonly number[]) => (values.at(-1) ?? Number.NaN) - (values[0] ?? Number.NaN);

async function packFor(page: Page, pack: string | undefined): Promise<string> {
  if (pack !== undefined) return servePack(page, pack);
  const files = await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f32');
  await serveFiles(page, '/pack/', files);
  return '/pack/';
}

/** How many GPU buffers live in the page's workers at a moment. */
function countGpuBuffers(page: Page): () => Promise<number> {
  const workers = new Set<Worker>();
  page.on('worker', (worker) => {
    workers.add(worker);
    worker.on('close', () => workers.delete(worker));
    worker.evaluate(watchBuffers).catch(() => undefined);
  });
  return async () => {
    const counts = [...workers].map((worker) =>
      worker.evaluate(() => (self as { gpuBuffers?: number }).gpuBuffers ?? 0).catch(() => 0),
    );
    return sum(await Promise.all(counts));
  };
}

function watchBuffers(): void {
  const scope = self as unknown as { gpuBuffers: number; GPUDevice?: typeof GPUDevice };
  scope.gpuBuffers = 0;
  if (!scope.GPUDevice) return;
  const make = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (this: GPUDevice, descriptor) {
    scope.gpuBuffers++;
    const buffer = make.call(this, descriptor);
    const destroy = buffer.destroy;
    let isAlive = true;
    buffer.destroy = () => {
      if (isAlive) scope.gpuBuffers--;
      isAlive = false;
      destroy.call(buffer);
    };
    return buffer;
  };
}
