/** How far a body has moved from one pose to the other, in sizes of the body. */
import { extent, isSeen, JOINT_COUNT, jointX, jointY } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';

export interface Movement {
  /** Of the joint that moved most; infinite where a joint came into sight or left it. */
  readonly most: number;
  /** Of the body as a whole; infinite where the two have nothing in common. */
  readonly mean: number;
}

export function movement(from: Pose, to: Pose): Movement {
  const size = Math.max(extent(from), extent(to));
  let [most, sum, shared] = [0, 0, 0];
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const [before, after] = [isSeen(from, joint), isSeen(to, joint)];
    if (before !== after) most = Number.POSITIVE_INFINITY;
    if (!before || !after) continue;
    const step = Math.hypot(jointX(from, joint) - jointX(to, joint), jointY(from, joint) - jointY(to, joint));
    most = Math.max(most, step / size);
    sum += step / size;
    shared++;
  }
  return { most, mean: shared === 0 ? Number.POSITIVE_INFINITY : sum / shared };
}
