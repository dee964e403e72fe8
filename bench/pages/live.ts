/** The browser's half of the live bench, with the camera that Chromium was given. */
import type { Pace, PaintedFrame } from '../../src/live/index.ts';
import { measureCuts } from './live-cut.ts';
import { detector, engine, prepare, type Staging, stage } from './live-stage.ts';
import { measureStill } from './live-still.ts';

export interface FrameRecord
  extends Pick<PaintedFrame, 'latencyMs' | 'poseMs' | 'denoiseMs' | 'decodeMs' | 'paintMs' | 'isSettling'> {
  /** When its pixels were on the canvas. */
  readonly at: number;
  readonly drawMs: number;
  readonly evaluations: number;
  readonly pace: Pace;
  /** Nothing was painted for a while before it, as nobody moved. */
  readonly afterRest: boolean;
}

export interface LiveRun {
  readonly frames: readonly FrameRecord[];
  readonly restarts: readonly string[];
  readonly looks: number;
  readonly looksWithPerson: number;
}

/** Lives until `count` frames are painted or the seconds are over; at frame `restartAt` both workers are ended. */
async function live(count: number, seconds: number, restartAt = Number.POSITIVE_INFINITY): Promise<LiveRun> {
  const frames: FrameRecord[] = [];
  const restarts: string[] = [];
  const end = new AbortController();
  const context = canvas().getContext('bitmaprenderer');
  let [looks, looksWithPerson, afterRest, engineIsToEnd] = [0, 0, true, false];
  const staging: Staging = {
    look({ person }) {
      looks++;
      if (person) looksWithPerson++;
      if (engineIsToEnd && person) {
        engineIsToEnd = false;
        // What was just seen is being painted: an engine that ends between two frames would not be missed.
        setTimeout(() => engine.restart('the bench ended it.'), 4);
      }
    },
    rest() {
      afterRest = true;
    },
    restarted: (worker) => restarts.push(worker),
    frame(image, frame) {
      const began = performance.now();
      canvas().width = image.width;
      canvas().height = image.height;
      context?.transferFromImageBitmap(image);
      const at = performance.now();
      const { latencyMs, poseMs, denoiseMs, decodeMs, paintMs, isSettling, pace } = frame;
      const drawMs = at - began;
      frames.push({
        ...{ at, latencyMs: latencyMs + drawMs, poseMs, denoiseMs, decodeMs, paintMs, drawMs },
        ...{ evaluations: frame.plan.evaluations, isSettling, pace, afterRest },
      });
      afterRest = false;
      if (frames.length === restartAt) {
        engineIsToEnd = true;
        setTimeout(() => detector.dispose('the bench ended it.'), 20);
      }
      if (frames.length === count) end.abort();
    },
  };
  const timer = setTimeout(() => end.abort(), seconds * 1000);
  await stage(staging, end.signal);
  clearTimeout(timer);
  return { frames, restarts, looks, looksWithPerson };
}

/**
 * Bytes of the page and its workers, wasm memories included, after the garbage is gone. Every thread has to answer, and
 * those of ONNX Runtime wait where nothing reaches them: for this, the engine computes with one thread.
 */
async function heapBytes(): Promise<number> {
  const measure = (performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> })
    .measureUserAgentSpecificMemory;
  return (await measure.call(performance)).bytes;
}

const canvas = () => document.querySelector('#screen') as HTMLCanvasElement;

const liveBench = { prepare, live, still: measureStill, cuts: measureCuts, heapBytes };
declare global {
  interface Window {
    liveBench: typeof liveBench;
  }
}
window.liveBench = liveBench;
