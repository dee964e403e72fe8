/**
 * Live in a real browser, Chromium's fake camera playing the fixture clip.
 *   npm run bench -- live [--pack DIR|URL] [--backend wasm|webgpu] [--size 128] [--rate 12] [--seconds 20]
 *                         [--drift-frames 600]
 *   npm run bench -- live --memory [--frames 2000] [--pack DIR|URL] [--backend wasm|webgpu]
 * The second one watches memory over many frames, with the end of both workers in the middle; it takes a small random
 * pack where no other is named, since what a frame leaves behind does not depend on what is in the weights.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page, Worker } from '@playwright/test';
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { withPage } from '../tools/pages.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles, servePack } from '../tools/serve-files.ts';
import type { FrameRecord, LiveRun, Setting } from './pages/live.ts';
import type { Bench, BenchResult } from './run.ts';

const CLIP = 'fixtures/motion/dance.mp4';
const PHOTO = '/fixtures/motion/person-2.png';
const MIB = 2 ** 20;

const MOST_OVERHEAD = 0.1;
const MOST_DRIFT = 3;
/** What memory may end above where it stood once everything was warm. */
const MOST_GROWTH_MIB = 16;

interface Values {
  readonly pack?: string | undefined;
  readonly backend: string;
  readonly size: string;
  readonly rate: string;
  readonly seconds: string;
  readonly 'drift-frames': string;
  readonly frames: string;
  readonly memory: boolean;
}

export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pack: { type: 'string' },
      backend: { type: 'string', default: 'wasm' },
      size: { type: 'string', default: '128' },
      rate: { type: 'string', default: '12' },
      seconds: { type: 'string', default: '20' },
      'drift-frames': { type: 'string', default: '600' },
      frames: { type: 'string', default: '2000' },
      memory: { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'pirouette-live-'));
  try {
    const camera = filmAsCamera(CLIP, join(folder, 'camera.mjpeg'));
    const webgpu = values.backend === 'webgpu';
    const flags = ['--enable-blink-features=ForceEagerMeasureMemory'];
    return await withPage('/bench/pages/live.html', { webgpu, camera, args: flags }, (page) =>
      values.memory ? watchMemory(page, values) : measure(page, values),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Chromium's fake camera plays Motion JPEG, over and over. */
function filmAsCamera(clip: string, mjpeg: string): string {
  const { error, status, stderr } = spawnSync(
    'ffmpeg',
    ['-loglevel', 'error', '-i', clip, '-an', '-c:v', 'mjpeg', '-q:v', '3', mjpeg],
    { encoding: 'utf8' },
  );
  if (error)
    throw new Error('ffmpeg makes the camera’s film and was not found: sudo apt-get install -y ffmpeg.');
  if (status !== 0) throw new Error(`ffmpeg could not convert ${clip}: ${stderr}`);
  return mjpeg;
}

async function prepare(page: Page, values: Values, pack: string): Promise<string> {
  const side = Number(values.size);
  const setting: Setting = {
    pack,
    load: { backend: values.backend === 'webgpu' ? 'webgpu' : 'wasm', threads: values.memory ? 1 : 2 },
    sizes: [{ width: side, height: side }],
    frameRate: Number(values.rate),
  };
  return page.evaluate(([setting, photo]) => window.liveBench.prepare(setting, photo), [
    setting,
    PHOTO,
  ] as const);
}

async function measure(page: Page, values: Values): Promise<BenchResult> {
  const pack = await servePack(page, values.pack ?? 'public/packs/default');
  const device = await prepare(page, values, pack);
  const seconds = Number(values.seconds);
  // What is compiled, learnt and warmed belongs to the start.
  await page.evaluate((seconds) => window.liveBench.live(1e6, seconds), seconds / 2);
  const live = await page.evaluate((seconds) => window.liveBench.live(1e6, seconds), seconds);
  const { evaluations } = live.frames.at(-1)?.pace ?? { evaluations: 1 };
  // With one step no frame starts from another, and nothing could drift: two are the fewest that say something.
  const driftEvaluations = Math.max(2, evaluations);
  const driftFrames = Number(values['drift-frames']);
  const drift = await page.evaluate(([frames, steps]) => window.liveBench.drift(frames, steps), [
    driftFrames,
    driftEvaluations,
  ] as const);
  const stages = stagesOf(live);
  const { fps, latencyMs, overhead } = stages;
  const pass =
    fps >= 1 &&
    latencyMs <= 2000 / fps &&
    overhead <= MOST_OVERHEAD &&
    drift <= MOST_DRIFT &&
    driftFrames >= 600;
  const figures = rounded({
    ...stages,
    size: values.size,
    evaluations,
    drift,
    driftFrames,
    driftEvaluations,
  });
  return { name: 'live', device, figures, pass };
}

function stagesOf({ frames, looks, looksWithPerson }: LiveRun) {
  const steady = frames.filter(({ isSettling }) => !isSettling);
  const pairs = steady.flatMap((frame, i) => {
    const before = steady[i - 1];
    return before && !frame.afterRest ? [{ frame, interval: frame.at - before.at }] : [];
  });
  const of = (value: (frame: FrameRecord) => number) => median(steady.map(value));
  // One engine and one person: its own stages wait for each other, and so do a look and the next one; all else overlaps.
  const work = ({ poseMs, denoiseMs, decodeMs, drawMs }: FrameRecord) =>
    Math.max(poseMs, denoiseMs + decodeMs + drawMs);
  const spent = sum(pairs.map(({ interval }) => interval));
  const needed = sum(pairs.map(({ frame }) => work(frame)));
  return {
    fps: (pairs.length * 1000) / spent,
    latencyMs: of(({ latencyMs }) => latencyMs),
    poseMs: of(({ poseMs }) => poseMs),
    denoiseMs: of(({ denoiseMs }) => denoiseMs),
    decodeMs: of(({ decodeMs }) => decodeMs),
    transferMs: of(({ paintMs, denoiseMs, decodeMs }) => paintMs - denoiseMs - decodeMs),
    drawMs: of(({ drawMs }) => drawMs),
    overhead: spent / needed - 1,
    frames: frames.length,
    personSeen: looksWithPerson / looks,
  };
}

async function watchMemory(page: Page, values: Values): Promise<BenchResult> {
  const buffers = await countGpuBuffers(page);
  const device = await prepare(page, values, await packFor(page, values));
  const part = Math.ceil(Number(values.frames) / 8);
  const heap: number[] = [];
  const gpu: number[] = [];
  const restarts: string[] = [];
  let frames = 0;
  // What is allocated once is allocated in the first part.
  for (let i = 0; i <= 8; i++) {
    const restartAt = i === 4 ? part >> 1 : 1e9;
    const live = await page.evaluate(([part, at]) => window.liveBench.live(part, 3600, at), [
      part,
      restartAt,
    ] as const);
    restarts.push(...live.restarts);
    if (i > 0) frames += live.frames.length;
    heap.push((await page.evaluate(() => window.liveBench.heapBytes())) / MIB);
    gpu.push(await buffers());
  }
  const growth = (values: readonly number[]) => (values.at(-1) ?? Number.NaN) - (values[0] ?? Number.NaN);
  const figures = rounded({
    frames,
    heapMiB: heap.at(-1) ?? Number.NaN,
    heapGrowthMiB: growth(heap),
    heapHighestMiB: Math.max(...heap),
    gpuBuffers: gpu.at(-1) ?? 0,
    gpuBufferGrowth: growth(gpu),
    engineRestarts: restarts.filter((worker) => worker === 'engine').length,
    poseRestarts: restarts.filter((worker) => worker === 'pose').length,
  });
  const pass =
    frames >= Number(values.frames) &&
    growth(heap) <= MOST_GROWTH_MIB &&
    growth(gpu) <= 0 &&
    restarts.includes('engine');
  return { name: 'live --memory', device, figures, pass };
}

async function packFor(page: Page, { pack }: Values): Promise<string> {
  if (pack !== undefined) return servePack(page, pack);
  await serveFiles(
    page,
    '/pack/',
    await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f32'),
  );
  return '/pack/';
}

/** How many GPU buffers live in the page's workers at a moment. */
async function countGpuBuffers(page: Page): Promise<() => Promise<number>> {
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

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function rounded<T extends Record<string, number | string>>(figures: T): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toPrecision(4)) : value,
    ]),
  );
}
