/** A clip that stands still, cuts to another pose, and back: how many frames until the new pose is right. */
import type { RenderOptions } from '../../src/engine/api.ts';
import type { Pose } from '../../src/pose/types.ts';
import { camera, isLayered, paintAlone, stage } from './live-stage.ts';
import { meanDifference, pixelsOf } from './pixels.ts';

export interface CutResult {
  /** Judged: those with enough frames on both sides. */
  readonly cuts: number;
  readonly cutsSeen: number;
  /** Painted in all. */
  readonly frames: number;
  /** The first frame begun after a cut that shows the new pose, at the worst and the usual cut. */
  readonly slowest: number;
  readonly usual: number;
  /** Mean difference, of 255, of the second frame from the new pose painted alone; the worst of them. */
  readonly secondFrame: number;
  /** The same for the old pose: what a frame that is wholly wrong differs by; the least of them. */
  readonly wrong: number;
}

interface Painted {
  readonly pose: Pose;
  readonly options: RenderOptions;
  readonly begunAt: number;
  readonly pixels: Uint8ClampedArray;
}

/** Mean difference of two camera frames, of 255, above which there is a cut between them. */
const CUT = 2;
const THUMB = 48;
/** Nearer than this share of the way to the new pose, a frame shows it. */
const RIGHT = 0.25;
/** The settled pose is one that came so many frames after the cut, or more. */
const SETTLED = 4;
const LONGEST_START_MS = 300_000;

/** Ends when so many cuts can be judged, or so long after the first frame. */
export async function measureCuts(count: number, seconds: number): Promise<CutResult> {
  const end = new AbortController();
  const watched = watchForCuts(camera.stream, end.signal);
  const painted: Painted[] = [];
  let asked: Omit<Painted, 'pixels'> | undefined;
  let timer = setTimeout(() => end.abort(), LONGEST_START_MS);
  await stage(
    {
      // Settled frames are wanted too, which a body at rest would not cause.
      planner: { still: 0 },
      // Asked is when the pose is the new one. While it settles by a pixel, the photo's sharp detail differs by more.
      // Frames that move what the photo shows follow a cut by themselves.
      retouch: isLayered,
      asked(pose, options) {
        asked = { pose, options, begunAt: performance.now() };
      },
      frame(image) {
        if (painted.length === 0) {
          clearTimeout(timer);
          timer = setTimeout(() => end.abort(), seconds * 1000);
        }
        if (asked) painted.push({ ...asked, pixels: pixelsOf(image) });
        image.close();
        // The last one ends what the cut before it began.
        if (watched.length > count) end.abort();
      },
    },
    end.signal,
  );
  clearTimeout(timer);
  return judge(painted, watched);
}

async function judge(painted: readonly Painted[], cuts: readonly number[]): Promise<CutResult> {
  const shots = [Number.NEGATIVE_INFINITY, ...cuts].map((cut, i) => {
    const next = cuts[i] ?? Number.POSITIVE_INFINITY;
    return painted.filter(({ begunAt }) => begunAt >= cut && begunAt < next);
  });
  const results: { frames: number; second: number; wrong: number }[] = [];
  let before: Uint8ClampedArray | undefined;
  for (const shot of shots) {
    const settled = shot.at(-1);
    if (!settled || shot.length < SETTLED) {
      before = undefined;
      continue;
    }
    const alone = pixelsOf(await paintAlone(settled.pose, settled.options));
    if (before) {
      const wrong = meanDifference(before, alone);
      const off = shot.map(({ pixels }) => meanDifference(pixels, alone));
      const first = off.findIndex((difference) => difference <= RIGHT * wrong);
      results.push({
        frames: first < 0 ? Number.POSITIVE_INFINITY : first + 1,
        second: off[1] ?? Number.NaN,
        wrong,
      });
    }
    before = alone;
  }
  const frames = results.map(({ frames }) => frames).sort((a, b) => a - b);
  return {
    cuts: results.length,
    cutsSeen: cuts.length,
    frames: painted.length,
    slowest: frames.at(-1) ?? Number.POSITIVE_INFINITY,
    usual: frames[frames.length >> 1] ?? Number.POSITIVE_INFINITY,
    secondFrame: Math.max(...results.map(({ second }) => second)),
    wrong: Math.min(...results.map(({ wrong }) => wrong)),
  };
}

/** When the camera cut, as it happens: seen in its own stream, not in what the session looks at. */
function watchForCuts(stream: MediaStream, signal: AbortSignal): number[] {
  const cuts: number[] = [];
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = stream;
  void video.play();
  const context = new OffscreenCanvas(THUMB, THUMB).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser gives no canvas.');
  let last: Uint8ClampedArray | undefined;
  const watch = (now: number) => {
    if (signal.aborted) return;
    context.drawImage(video, 0, 0, THUMB, THUMB);
    const { data } = context.getImageData(0, 0, THUMB, THUMB);
    if (last && meanDifference(data, last) > CUT) cuts.push(now);
    last = data;
    video.requestVideoFrameCallback(watch);
  };
  video.requestVideoFrameCallback(watch);
  return cuts;
}
