/**
 * Live in a real browser, Chromium's fake camera playing the fixture clip.
 *   npm run bench -- live [--pack DIR|URL] [--backend wasm|webgpu] [--size 128, or 512 with layers] [--rate 12] [--seconds 20]
 *                         [--strength 1] [--drift-frames 600] [--cuts 6] [--shot 5] [--only pace|drift|cut]
 * Three parts: the pace of a dance; somebody who stands still, for the drift; and a clip that cuts between two poses.
 * `--only` measures one of them and does not pass. A slow machine needs longer shots: several frames have to fit.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { sentenceOf } from '../tools/sentence-of.ts';
import { servePack } from '../tools/serve-files.ts';
import { backendOf, type Film, PHOTO, prepare, rounded, sum, withLivePage } from './live-page.ts';
import type { FrameRecord, LiveRun } from './pages/live.ts';
import type { Setting } from './pages/live-stage.ts';
import type { Bench } from './run.ts';

const MOST_LATENCY_FRAMES = 2;
const MOST_OVERHEAD = 0.1;
/** Of frames that move what the photo shows. */
const LEAST_LAYERED_FPS = 12;
const MOST_LAYERED_LATENCY_MS = 160;
const MOST_DRIFT = 3;
const DRIFT_FRAMES = 600;
/** Frames until a new pose is right. */
const MOST_CUT_FRAMES = 2;

export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pack: { type: 'string', default: 'public/packs/default' },
      backend: { type: 'string', default: 'wasm' },
      size: { type: 'string' },
      rate: { type: 'string', default: '12' },
      seconds: { type: 'string', default: '20' },
      strength: { type: 'string', default: '1' },
      'drift-frames': { type: 'string', default: String(DRIFT_FRAMES) },
      cuts: { type: 'string', default: '6' },
      shot: { type: 'string', default: '5' },
      only: { type: 'string' },
    },
  });
  const { only } = values;
  const backend = backendOf(values.backend);
  const isLayered = hasMover(values.pack);
  const side = Number(values.size ?? (isLayered ? '512' : '128'));
  const seconds = Number(values.seconds);
  const shotSeconds = Number(values.shot);
  const cuts = Number(values.cuts);
  const setting = (pack: string): Setting => ({
    pack,
    load: { backend, threads: 2 },
    sizes: [{ width: side, height: side }],
    frameRate: Number(values.rate),
    strength: Number(values.strength),
  });
  let device = 'none';
  const faults: Record<string, string> = {};
  // A part that fails says so among the figures, and leaves the others theirs.
  const part = async <T>(name: string, film: Film, use: (page: Page) => Promise<T>) => {
    if (only !== undefined && only !== name) return undefined;
    try {
      return await withLivePage(film, backend, async (page) => {
        device = await prepare(page, setting(await servePack(page, values.pack)));
        return use(page);
      });
    } catch (fault) {
      faults[`${name}Error`] = sentenceOf(fault);
      return undefined;
    }
  };
  const pace = await part('pace', 'dance', (page) => measurePace(page, seconds));
  const still = await part('drift', 'dance', (page) => measureDrift(page, Number(values['drift-frames'])));
  const film = { shotSeconds };
  const cut = await part('cut', film, (page) => measureCuts(page, cuts, (cuts + 2) * shotSeconds));
  const figures = rounded({
    size: side,
    ...pace,
    ...(still && { drift: still.drift, driftFurthest: still.furthest, driftFrames: still.frames }),
    ...(still && { stillFlicker: still.flicker }),
    ...(cut && { cuts: cut.cuts, cutsSeen: cut.cutsSeen, cutsPainted: cut.frames }),
    ...(cut && { cutFrames: cut.slowest, cutFramesUsual: cut.usual }),
    ...(cut && { cutSecondFrame: cut.secondFrame, cutWrong: cut.wrong }),
    ...faults,
  });
  const pass =
    pace !== undefined &&
    still !== undefined &&
    cut !== undefined &&
    pace.fps >= (isLayered ? LEAST_LAYERED_FPS : 1) &&
    (!isLayered || pace.latencyMs <= MOST_LAYERED_LATENCY_MS) &&
    pace.latencyFrames <= MOST_LATENCY_FRAMES &&
    pace.overhead <= MOST_OVERHEAD &&
    still.drift <= MOST_DRIFT &&
    still.frames >= DRIFT_FRAMES &&
    cut.cuts > 0 &&
    cut.slowest <= MOST_CUT_FRAMES;
  return { name: 'live', device, figures, pass };
};

function hasMover(pack: string): boolean {
  const path = join(pack, 'pack.json');
  return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).mover !== undefined;
}

async function measurePace(page: Page, seconds: number) {
  const live = (seconds: number) => page.evaluate((seconds) => window.liveBench.live(1e6, seconds), seconds);
  // What is compiled, learnt and warmed belongs to the start.
  await live(seconds / 2);
  return stagesOf(await live(seconds));
}

function measureCuts(page: Page, cuts: number, seconds: number) {
  return page.evaluate(([cuts, seconds]) => window.liveBench.cuts(cuts, seconds), [cuts, seconds] as const);
}

function measureDrift(page: Page, frames: number) {
  return page.evaluate(([frames, photo]) => window.liveBench.still(frames, photo), [frames, PHOTO] as const);
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
  const fps = (pairs.length * 1000) / spent;
  const latencyMs = of((frame) => frame.latencyMs);
  return {
    fps,
    latencyMs,
    latencyFrames: (latencyMs * fps) / 1000,
    poseMs: of((frame) => frame.poseMs),
    denoiseMs: of((frame) => frame.denoiseMs),
    decodeMs: of((frame) => frame.decodeMs),
    transferMs: of(({ paintMs, denoiseMs, decodeMs }) => paintMs - denoiseMs - decodeMs),
    drawMs: of((frame) => frame.drawMs),
    // From one frame on the screen to asking for the next: mostly waiting for a look.
    waitMs: median(pairs.map(({ frame, interval }) => interval - frame.paintMs - frame.drawMs)),
    overhead: spent / needed - 1,
    evaluations: steady.at(-1)?.evaluations ?? 0,
    frames: frames.length,
    personSeen: looksWithPerson / looks,
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
