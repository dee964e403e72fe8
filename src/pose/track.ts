/** From what was found in each frame of a clip to one person's clean way through it. */
import { copyPose, emptyPose, extent, isSeen, JOINT_COUNT, jointX, jointY, score } from './body.ts';
import { NoPersonError } from './errors.ts';
import { mendFlips } from './flips.ts';
import { followPerson, LONGEST_GAP, type Pick, type Sighting } from './people.ts';
import { type Path, smoothed } from './smooth.ts';
import type { Pose } from './types.ts';

/** One person through a clip. */
export interface Track {
  readonly width: number;
  readonly height: number;
  /** Seconds since the clip's start, growing. */
  readonly times: readonly number[];
  /** One a time; joints that are out of the picture, or unseen for long, have a score of 0. */
  readonly poses: readonly Pose[];
  /** Stretches longer than half a second in which the person is not seen at all. */
  readonly gaps: readonly Gap[];
}

export interface Gap {
  readonly start: number;
  readonly end: number;
}

export interface TrackReport {
  /** The share of frames in which the person was found. */
  readonly found: number;
  /** Frames in which left and right were exchanged and have been put right. */
  readonly flipsMended: number;
  /** The most people seen at once: more than one asks for a choice. */
  readonly people: number;
}

export interface CleanOptions {
  /** Whom to follow, if not the one seen largest for longest. */
  readonly pick?: Pick;
}

/** A filled joint is less certain than the ones on either side of it. */
const FILLED_SCORE = 0.5;
/** A joint that is off its path by less than this share of the person's size may just be quick. */
const TOLERANCE = 0.03;

export function cleanTrack(
  sightings: readonly Sighting[],
  options: CleanOptions = {},
): { track: Track; report: TrackReport } {
  const followed = followPerson(sightings, options.pick);
  const shown = followed.find((pose) => pose !== undefined);
  if (shown === undefined) throw new NoPersonError('clip');
  const { width, height } = shown;
  const times = sightings.map(({ time }) => time);
  const poses = followed.map((pose) => (pose === undefined ? undefined : copyPose(pose)));
  const flipsMended = mendFlips(times, poses);
  const tolerance = TOLERANCE * poses.reduce((size, pose) => Math.max(size, pose ? extent(pose) : 0), 0);
  const clean = poses.map(() => emptyPose(width, height));
  for (let joint = 0; joint < JOINT_COUNT; joint++) cleanJoint(times, poses, clean, joint, tolerance);
  return {
    track: { width, height, times, poses: clean, gaps: findGaps(times, followed) },
    report: {
      found: followed.filter((pose) => pose !== undefined).length / followed.length,
      flipsMended,
      people: sightings.reduce((most, { people }) => Math.max(most, people.length), 0),
    },
  };
}

function cleanJoint(
  times: readonly number[],
  poses: readonly (Pose | undefined)[],
  clean: readonly Pose[],
  joint: number,
  tolerance: number,
): void {
  const path = {
    times,
    x: Float64Array.from(poses, (pose) => (pose ? jointX(pose, joint) : 0)),
    y: Float64Array.from(poses, (pose) => (pose ? jointY(pose, joint) : 0)),
    weights: Float64Array.from(poses, (pose) => (pose ? score(pose, joint) : 0)),
  };
  fillGaps(path, (frame) => {
    const pose = poses[frame];
    return pose !== undefined && isOutside(pose, joint);
  });
  dropGlimpses(path);
  const { x, y } = smoothed(path, tolerance);
  clean.forEach((pose, frame) => {
    pose.joints.set([x[frame] as number, y[frame] as number, path.weights[frame] as number], joint * 3);
  });
}

/** The detector placed the joint, but outside of the picture. */
function isOutside(pose: Pose, joint: number): boolean {
  const [x, y] = [jointX(pose, joint), jointY(pose, joint)];
  return !isSeen(pose, joint) && (x < 0 || y < 0 || x > pose.width || y > pose.height);
}

/** Fills, in place, what is missing for half a second at most, by a curve that keeps place and speed at both ends. */
function fillGaps(path: Path, isKnownOutside: (frame: number) => boolean): void {
  const { times, weights } = path;
  let before = -1;
  for (let after = 0; after < weights.length; after++) {
    if (weights[after] === 0) continue;
    const from = before;
    before = after;
    if (from < 0 || after - from < 2) continue;
    if ((times[after] as number) - (times[from] as number) > LONGEST_GAP) continue;
    const missing = Array.from({ length: after - from - 1 }, (_, i) => from + 1 + i);
    if (missing.some(isKnownOutside)) continue;
    const weight = FILLED_SCORE * Math.min(weights[from] as number, weights[after] as number);
    for (const values of [path.x, path.y]) bridge(times, weights, values, from, after);
    for (const frame of missing) weights[frame] = weight;
  }
}

/** Seen for less than this between two stretches of not being seen, in seconds, a joint only flickers. */
const GLIMPSE = 0.1;

/** Takes out, in place, joints that come and go within a moment: a skeleton that flickers makes a picture that does. */
function dropGlimpses({ times, weights }: Path): void {
  let start = -1;
  for (let frame = 0; frame <= weights.length; frame++) {
    const seen = frame < weights.length && weights[frame] !== 0;
    if (seen && start < 0) start = frame;
    if (seen || start < 0) continue;
    const bounded = start > 0 && frame < weights.length;
    if (bounded && (times[frame - 1] as number) - (times[start] as number) < GLIMPSE)
      weights.fill(0, start, frame);
    start = -1;
  }
}

/** A cubic from one seen frame to the next one, over the frames between them. */
function bridge(
  times: readonly number[],
  weights: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
): void {
  const at = (frame: number) => values[frame] as number;
  const time = (frame: number) => times[frame] as number;
  const span = time(to) - time(from);
  const average = (at(to) - at(from)) / span;
  const speed = (a: number, b: number) => {
    const known = a >= 0 && b < values.length && weights[a] !== 0 && weights[b] !== 0;
    const measured = known ? (at(b) - at(a)) / (time(b) - time(a)) : average;
    // A jittery speed must not throw the curve far out of its way.
    const most = 2 * Math.abs(average) + 1e-9;
    return Math.max(-most, Math.min(most, measured));
  };
  const startSpeed = speed(from - 1, from);
  const endSpeed = speed(to, to + 1);
  for (let frame = from + 1; frame < to; frame++) {
    const s = (time(frame) - time(from)) / span;
    values[frame] =
      at(from) * (1 + 2 * s) * (1 - s) ** 2 +
      at(to) * s * s * (3 - 2 * s) +
      span * startSpeed * s * (1 - s) ** 2 -
      span * endSpeed * s * s * (1 - s);
  }
}

function findGaps(times: readonly number[], followed: readonly (Pose | undefined)[]): Gap[] {
  const gaps: Gap[] = [];
  let lastSeen: number | undefined;
  const note = (end: number | undefined) => {
    const [start, stop] = [lastSeen ?? times[0] ?? 0, end ?? times.at(-1) ?? 0];
    if (stop - start > LONGEST_GAP) gaps.push({ start, end: stop });
  };
  followed.forEach((pose, frame) => {
    if (pose === undefined) return;
    note(times[frame]);
    lastSeen = times[frame];
  });
  note(undefined);
  return gaps;
}

/** By halving: a plan asks for every frame of clips that may have many thousands. */
function firstNotBefore(times: readonly number[], time: number): number {
  let [from, to] = [0, times.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((times[middle] as number) < time) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The pose at any moment of the track: between two frames the joints that both show, on the straight line between. */
export function poseAt({ times, poses, width, height }: Track, time: number): Pose {
  const after = firstNotBefore(times, time);
  const [next, last] = [poses[after], poses.at(-1)];
  if (next === undefined) return last ? copyPose(last) : emptyPose(width, height);
  const before = poses[after - 1];
  if (before === undefined || times[after] === time) return copyPose(next);
  const start = times[after - 1] as number;
  const end = times[after] as number;
  const part = (time - start) / (end - start);
  const pose = emptyPose(width, height);
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    if (!isSeen(before, joint) || !isSeen(next, joint)) continue;
    const mixed = [0, 1, 2].map((k) => {
      const from = before.joints[joint * 3 + k] as number;
      return from + ((next.joints[joint * 3 + k] as number) - from) * part;
    });
    pose.joints.set(mixed, joint * 3);
  }
  return pose;
}
