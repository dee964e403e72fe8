import type { Pose } from '../../pose/types.ts';

const STANDING = [
  [0.5, 0.15],
  [0.5, 0.25],
  [0.42, 0.25],
  [0.38, 0.38],
  [0.36, 0.5],
  [0.58, 0.25],
  [0.62, 0.38],
  [0.64, 0.5],
  [0.45, 0.52],
  [0.45, 0.7],
  [0.45, 0.9],
  [0.55, 0.52],
  [0.55, 0.7],
  [0.55, 0.9],
  [0.48, 0.13],
  [0.52, 0.13],
  [0.46, 0.14],
  [0.54, 0.14],
] as const;

/** A person who stands upright, moved to the right by `shift` and with the left hand raised by `raise`, both in picture sizes. */
export function standing({ shift = 0, raise = 0, size = 256 } = {}): Pose {
  const joints = STANDING.flatMap(([x, y], joint) => [
    (x + shift) * size,
    (y - (joint === 7 ? raise : 0)) * size,
    1,
  ]);
  return { width: size, height: size, joints: Float32Array.from(joints) };
}
