/** Who is who in a clip with several people: pure, over the poses that were found in each frame. */
import { extent, isSeen, JOINT_COUNT, jointX, jointY, type Point } from './body.ts';
import type { Pose } from './types.ts';

/** Everybody found in one frame of a clip. */
export interface Sighting {
  /** Seconds since the clip's start. */
  readonly time: number;
  readonly people: readonly Pose[];
}

/** Where the person to follow is, at a moment of the clip. */
export interface Pick extends Point {
  readonly time: number;
}

/** Longer than this out of sight, a person has to be recognised anew. */
export const LONGEST_GAP = 0.5;
/** How far somebody may move between two sightings, in sizes of their own, at once and for each second. */
const REACH = 0.3;
const REACH_PER_SECOND = 1.5;
/** Two sightings of one person differ less in size than this. */
const SIZE_RATIO = 2;

interface Trail {
  readonly steps: { readonly frame: number; readonly pose: Pose }[];
}

/** The person to follow in each frame: the one picked, or else the one seen largest for longest. */
export function followPerson(sightings: readonly Sighting[], pick?: Pick): (Pose | undefined)[] {
  const trails = linkTrails(sightings);
  const followed: (Pose | undefined)[] = sightings.map(() => undefined);
  const mine = pick === undefined ? largest(sightings, trails) : picked(sightings, trails, pick);
  for (const { frame, pose } of mine.flatMap(({ steps }) => steps)) followed[frame] = pose;
  return followed;
}

/** Joins what is found from frame to frame into trails, nearest pairs first. */
function linkTrails(sightings: readonly Sighting[]): Trail[] {
  const trails: Trail[] = [];
  sightings.forEach(({ time, people }, frame) => {
    const pairs = trails
      .map((trail) => ({ trail, last: trail.steps.at(-1) as Trail['steps'][number] }))
      .flatMap(({ trail, last }) => {
        const pause = time - (sightings[last.frame]?.time ?? time);
        if (pause > LONGEST_GAP) return [];
        return people.map((pose) => ({ trail, pose, distance: apart(last.pose, pose), pause }));
      })
      .filter(({ distance, pause }) => distance <= reach(pause))
      .sort((a, b) => a.distance - b.distance);
    const taken = new Set<Trail | Pose>();
    for (const { trail, pose } of pairs) {
      if (taken.has(trail) || taken.has(pose)) continue;
      taken.add(trail).add(pose);
      trail.steps.push({ frame, pose });
    }
    for (const pose of people) if (!taken.has(pose)) trails.push({ steps: [{ frame, pose }] });
  });
  return trails;
}

const reach = (pause: number) => REACH + REACH_PER_SECOND * pause;

/** Whether a person can have come from one pose to the other within `pause` seconds. */
export function withinReach(from: Pose, to: Pose, pause: number): boolean {
  return apart(from, to) <= reach(pause);
}

/** How far apart two poses are, in sizes of the person; infinite where they cannot be the same one's. */
export function apart(a: Pose, b: Pose): number {
  const [sizeA, sizeB] = [extent(a), extent(b)];
  if (sizeA === 0 || sizeB === 0) return Number.POSITIVE_INFINITY;
  let sum = 0;
  let count = 0;
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    if (!isSeen(a, joint) || !isSeen(b, joint)) continue;
    sum += Math.hypot(jointX(a, joint) - jointX(b, joint), jointY(a, joint) - jointY(b, joint));
    count++;
  }
  return count === 0 ? Number.POSITIVE_INFINITY : sum / count / Math.max(sizeA, sizeB);
}

/** Only so many trails are weighed with all that may belong to them; beyond these are glimpses. */
const CANDIDATES = 8;

/** The person who fills most of the pictures, over the whole clip. */
function largest(sightings: readonly Sighting[], trails: readonly Trail[]): Trail[] {
  const presence = ({ steps }: Trail) => steps.reduce((sum, { pose }) => sum + extent(pose) ** 2, 0);
  const candidates = trails.toSorted((a, b) => presence(b) - presence(a)).slice(0, CANDIDATES);
  const people = candidates.map((trail) => rejoined(sightings, trails, trail));
  return maximum(people, (person) => person.reduce((sum, trail) => sum + presence(trail), 0)) ?? [];
}

/** Whoever is nearest to the picked point, in the frame nearest to the picked moment. */
function picked(sightings: readonly Sighting[], trails: readonly Trail[], pick: Pick): Trail[] {
  const steps = trails.flatMap((trail) => trail.steps.map((step) => ({ trail, ...step })));
  const best = maximum(steps, ({ frame, pose }) => {
    const moments = Math.abs((sightings[frame]?.time ?? 0) - pick.time);
    return -moments * 1e6 - nearestJoint(pose, pick);
  });
  return best === undefined ? [] : rejoined(sightings, trails, best.trail);
}

export function nearestJoint(pose: Pose, to: Point): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    if (!isSeen(pose, joint)) continue;
    nearest = Math.min(nearest, Math.hypot(jointX(pose, joint) - to.x, jointY(pose, joint) - to.y));
  }
  return nearest;
}

/**
 * The main trail, and those on which the same person may have gone on after they were out of sight: of their size, and
 * never seen beside them, largest first.
 */
function rejoined(sightings: readonly Sighting[], trails: readonly Trail[], main: Trail): Trail[] {
  const kept = [main];
  const covered = new Set(main.steps.map(({ frame }) => frame));
  const size = meanSize(main);
  const others = trails.filter((trail) => trail !== main).sort((a, b) => meanSize(b) - meanSize(a));
  for (const trail of others) {
    const ratio = meanSize(trail) / size;
    const beside = trail.steps.some(({ frame }) => covered.has(frame)) || spansAny(trail, covered);
    if (beside || ratio > SIZE_RATIO || ratio < 1 / SIZE_RATIO) continue;
    // One stray detection of a coat stand is no return.
    if (duration(sightings, trail) < LONGEST_GAP / 2) continue;
    kept.push(trail);
    for (const { frame } of trail.steps) covered.add(frame);
  }
  return kept;
}

function spansAny({ steps }: Trail, frames: ReadonlySet<number>): boolean {
  const first = steps[0]?.frame ?? 0;
  const last = steps.at(-1)?.frame ?? -1;
  for (let frame = first; frame <= last; frame++) if (frames.has(frame)) return true;
  return false;
}

function duration(sightings: readonly Sighting[], { steps }: Trail): number {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return 0;
  return (sightings[last.frame]?.time ?? 0) - (sightings[first.frame]?.time ?? 0);
}

function meanSize({ steps }: Trail): number {
  return steps.reduce((sum, { pose }) => sum + extent(pose), 0) / steps.length;
}

function maximum<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  let best: { item: T; value: number } | undefined;
  for (const item of items) {
    const its = value(item);
    if (best === undefined || its > best.value) best = { item, value: its };
  }
  return best?.item;
}
