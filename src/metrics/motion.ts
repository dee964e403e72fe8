import { frechetDistance, Gaussian } from './frechet.ts';

/** Joints of one body in one frame: x, y in pixels and a score, which is 0 for what is not seen. */
export interface Body {
  readonly joints: Float32Array | readonly number[];
}

export interface MotionFigures {
  /** Mean distance of the joints that both see, over the asked body's height. */
  readonly position: number;
  /** The same of how far a joint goes from frame to frame, and of how that changes. */
  readonly velocity: number;
  readonly acceleration: number;
  /** How fast the found joints move on the whole, over how fast they were asked to. */
  readonly speed: number;
  /** Fréchet distance of histograms of velocity and acceleration over windows of time. */
  readonly distance: number;
}

/** Frames of a window: long enough for a gesture, and what the networks of clips look at too. */
const WINDOW = 16;
const ANGLES = 8;
/** Joints that move alike: head and shoulders, arms, hips and legs, in OpenPose's 18. */
const PARTS = [
  [0, 1, 2, 5],
  [3, 4, 6, 7],
  [8, 9, 10, 11, 12, 13],
];
const MEASURED = PARTS.flat();
/** A body is so many units high where the sizes of movements are counted. */
const UNITS = 256;

type Step = readonly [x: number, y: number];

/**
 * What was found of a movement against what was asked for, frame by frame; a frame without anybody is undefined. After
 * the Fréchet video motion distance (Liu et al. 2024), on a body's joints in place of a grid of tracked points.
 */
export function motionFigures(
  found: readonly (Body | undefined)[],
  asked: readonly (Body | undefined)[],
): MotionFigures {
  const height = heightOf(asked);
  const [foundTracks, askedTracks] = [tracksOf(found, height), tracksOf(asked, height)];
  const gap = (order: number) => {
    let [sum, count] = [0, 0];
    for (const joint of MEASURED) {
      const [one, other] = [foundTracks, askedTracks].map((tracks) => changes(tracks[joint] ?? [], order));
      one?.forEach((step, i) => {
        const truth = other?.[i];
        if (!step || !truth) return;
        sum += Math.hypot(step[0] - truth[0], step[1] - truth[1]);
        count++;
      });
    }
    return sum / count;
  };
  return {
    position: gap(0),
    velocity: gap(1),
    acceleration: gap(2),
    speed: speedOf(foundTracks) / speedOf(askedTracks),
    distance: histogramDistance(foundTracks, askedTracks),
  };
}

type Track = readonly (Step | undefined)[];

/** Each joint's way, in body heights. */
function tracksOf(bodies: readonly (Body | undefined)[], height: number): readonly Track[] {
  const count = Math.max(...MEASURED) + 1;
  return Array.from({ length: count }, (_, joint) =>
    bodies.map((body) => {
      if (!body || !((body.joints[3 * joint + 2] as number) > 0)) return undefined;
      return [(body.joints[3 * joint] as number) / height, (body.joints[3 * joint + 1] as number) / height];
    }),
  );
}

/** The mean over all frames, from the highest joint that is seen to the lowest one. */
function heightOf(bodies: readonly (Body | undefined)[]): number {
  const heights = bodies.flatMap((body) => {
    if (!body) return [];
    const rows = MEASURED.filter((joint) => (body.joints[3 * joint + 2] as number) > 0).map(
      (joint) => body.joints[3 * joint + 1] as number,
    );
    return rows.length < 2 ? [] : [Math.max(...rows) - Math.min(...rows)];
  });
  return heights.reduce((sum, height) => sum + height, 0) / heights.length;
}

function changes(track: Track, order: number): Track {
  if (order === 0) return track;
  const before = changes(track, order - 1);
  return before.slice(1).map((step, i) => {
    const last = before[i];
    return step && last ? [step[0] - last[0], step[1] - last[1]] : undefined;
  });
}

function speedOf(tracks: readonly Track[]): number {
  const steps = MEASURED.flatMap((joint) => changes(tracks[joint] ?? [], 1)).filter(
    (step) => step !== undefined,
  );
  return steps.reduce((sum, [x, y]) => sum + Math.hypot(x, y), 0) / steps.length;
}

function histogramDistance(found: readonly Track[], asked: readonly Track[]): number {
  const gaussians = [found, asked].map((tracks) => {
    const orders = [1, 2].map((order) => tracks.map((track) => changes(track, order)));
    const frames = orders[1]?.[0]?.length ?? 0;
    const gaussian = new Gaussian(orders.length * PARTS.length * ANGLES);
    for (let start = 0; start + WINDOW <= frames; start++) {
      gaussian.add(
        Float64Array.from(
          orders.flatMap((steps) => PARTS.flatMap((joints) => histogram(steps, joints, start))),
        ),
      );
    }
    return gaussian;
  });
  const [one, other] = gaussians as [Gaussian, Gaussian];
  return one.count === 0 ? Number.NaN : frechetDistance(one, other);
}

/** How much goes into each direction within a window; a movement counts by the logarithm of its size. */
function histogram(steps: readonly Track[], joints: readonly number[], start: number): number[] {
  const bins = Array<number>(ANGLES).fill(0);
  for (const joint of joints) {
    for (const step of (steps[joint] ?? []).slice(start, start + WINDOW)) {
      if (!step) continue;
      const turn = (Math.atan2(step[1], step[0]) + Math.PI) / (2 * Math.PI);
      const bin = Math.min(Math.floor(turn * ANGLES), ANGLES - 1);
      bins[bin] = (bins[bin] as number) + Math.log2(1 + UNITS * Math.hypot(...step)) / Math.log2(UNITS);
    }
  }
  return bins;
}
