/** Left and right mistaken for one another, and put right. */
import { FLIP_GROUPS } from './anatomy.ts';
import { isSeen, jointX, jointY, swapJoints } from './body.ts';
import type { Pose } from './types.ts';

type Pair = readonly [number, number];

/** A body needs longer than this to turn around and back; a detector does not. Seconds. */
export const LONGEST_FLIP = 0.4;
/** Exchanged joints must bring the poses this much closer to be believed. */
const BELIEVABLE = 0.4;

/** Whether the pose fits to the one before it much better with the group's left and right exchanged. */
export function looksFlipped(before: Pose, pose: Pose, group: readonly Pair[]): boolean {
  let asIs = 0;
  let exchanged = 0;
  let spread = 0;
  for (const [right, left] of group) {
    if (![right, left].every((joint) => isSeen(before, joint) && isSeen(pose, joint))) continue;
    asIs += between(before, right, pose, right) + between(before, left, pose, left);
    exchanged += between(before, right, pose, left) + between(before, left, pose, right);
    spread += between(before, right, before, left);
  }
  // Where left and right lie almost on top of one another, jitter alone decides which is nearer.
  return spread > 0 && asIs > 0.8 * spread && exchanged < BELIEVABLE * asIs;
}

function between(a: Pose, jointOfA: number, b: Pose, jointOfB: number): number {
  return Math.hypot(jointX(a, jointOfA) - jointX(b, jointOfB), jointY(a, jointOfA) - jointY(b, jointOfB));
}

export function flip(pose: Pose, group: readonly Pair[]): void {
  for (const [right, left] of group) swapJoints(pose, right, left);
}

/**
 * Mends, in place, every stretch at whose start left and right change places at a jump and at whose end they change
 * back, if it is too short for a turn. Returns the number of frames mended.
 */
export function mendFlips(times: readonly number[], poses: readonly (Pose | undefined)[]): number {
  const mended = new Set<number>();
  const shown = poses.flatMap((pose, frame) =>
    pose === undefined ? [] : [{ pose, frame, time: times[frame] ?? 0 }],
  );
  for (const group of FLIP_GROUPS) {
    const jumps = shown.flatMap(({ pose }, i) => {
      const before = shown[i - 1];
      return before !== undefined && looksFlipped(before.pose, pose, group) ? [i] : [];
    });
    for (let i = 0; i + 1 < jumps.length; i++) {
      const stretch = shown.slice(jumps[i], jumps[i + 1]);
      const end = shown[jumps[i + 1] as number]?.time ?? Number.POSITIVE_INFINITY;
      if (end - (stretch[0]?.time ?? 0) > LONGEST_FLIP) continue;
      for (const { pose, frame } of stretch) {
        flip(pose, group);
        mended.add(frame);
      }
      i++;
    }
  }
  return mended.size;
}
