import type { Pose } from '../pose/types.ts';
import { distanceTo, outlines } from './moves.ts';
import { type Planes, planesOf } from './planes.ts';

/** How near a place is to a body's middle lines on its outline, and how soft that edge is. */
const EDGE = 0.42;
const SOFTNESS = 0.25;

/** A guess at a person's outline by their joints alone, at the size of the pose's picture. */
export function outlineByPose(pose: Pose): Planes {
  const distances = outlines(pose).map(distanceTo);
  const result = planesOf(pose, 1);
  for (let i = 0; i < result.data.length; i++) {
    const [x, y] = [(i % pose.width) + 0.5, Math.floor(i / pose.width) + 0.5];
    let least = Number.POSITIVE_INFINITY;
    for (const distance of distances) least = Math.min(least, distance(x, y));
    result.data[i] = Math.min(1, Math.max(0, (Math.exp(-least) - EDGE) / SOFTNESS + 0.5));
  }
  return result;
}
