import type { Pose } from '../../src/pose/types.ts';

/** Joints that both know: the face's are left out, since small faces are guesses. */
const BODY = Array.from({ length: 14 }, (_, joint) => joint);

/**
 * The mean distance of the joints that both poses see, over the asked body's height; undefined when nobody was
 * detected. Of several people the one nearest to what was asked for counts.
 */
export function poseDistance(found: readonly Pose[], asked: Pose): number | undefined {
  const distances = found.map((pose) => meanDistance(pose, asked)).filter(Number.isFinite);
  return distances.length === 0 ? undefined : Math.min(...distances);
}

function meanDistance(found: Pose, asked: Pose): number {
  const [scaleX, scaleY] = [asked.width / found.width, asked.height / found.height];
  const distances = BODY.filter((joint) => seen(found, joint) && seen(asked, joint)).map((joint) => {
    const [fx = 0, fy = 0] = found.joints.subarray(3 * joint);
    const [ax = 0, ay = 0] = asked.joints.subarray(3 * joint);
    return Math.hypot(fx * scaleX - ax, fy * scaleY - ay);
  });
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length / bodyHeight(asked);
}

/** From the lowest joint to the highest, whether seen or not. */
function bodyHeight({ joints }: Pose): number {
  const heights = Array.from({ length: joints.length / 3 }, (_, joint) => joints[3 * joint + 1] as number);
  return Math.max(...heights) - Math.min(...heights);
}

const seen = ({ joints }: Pose, joint: number): boolean => (joints[3 * joint + 2] as number) > 0;
