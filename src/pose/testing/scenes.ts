/** Small clips for tests. */
import { JOINT_COUNT, placedIn } from '../body.ts';
import type { Sighting } from '../people.ts';
import type { Pose } from '../types.ts';
import { AVERAGE_BODY, type Bearing, type Camera, photograph, randomDance, seeded } from './figures.ts';

export const STANDING: Bearing = {
  x: 0,
  jump: 0,
  yaw: 0,
  twist: 0,
  lean: 0,
  roll: 0,
  headYaw: 0,
  headPitch: 0,
  arms: [
    { sideways: 0.4, forwards: 0, bend: 0 },
    { sideways: 0.4, forwards: 0, bend: 0 },
  ],
  legs: [
    { sideways: 0.08, forwards: 0, bend: 0 },
    { sideways: 0.08, forwards: 0, bend: 0 },
  ],
};

export const CAMERA: Camera = { width: 512, height: 512, scale: 360, x: 256, ground: 470, distance: 8 };

export const standing = (camera: Partial<Camera> = {}, bearing: Partial<Bearing> = {}): Pose =>
  photograph(AVERAGE_BODY, { ...STANDING, ...bearing }, { ...CAMERA, ...camera });

export const timesOf = (frames: number, frameRate = 25) =>
  Array.from({ length: frames }, (_, i) => i / frameRate);

/** One dancer, found in every frame. */
export function danceClip(frames: number, camera: Partial<Camera> = {}, seed = 5): Pose[] {
  const dance = randomDance(seeded(seed));
  return timesOf(frames).map((time) => photograph(AVERAGE_BODY, dance(time), { ...CAMERA, ...camera }));
}

export const sightings = (...people: readonly (readonly (Pose | undefined)[])[]): Sighting[] =>
  timesOf(people[0]?.length ?? 0).map((time, i) => ({
    time,
    people: people.flatMap((person) => person[i] ?? []),
  }));

export const moved = (pose: Pose, x: number, y = 0): Pose => placedIn(pose, pose, 1, { x, y });

/** The mean distance between two poses' joints, in pixels. */
export function difference(a: Pose, b: Pose): number {
  let sum = 0;
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const at = joint * 3;
    sum += Math.hypot(
      (a.joints[at] ?? 0) - (b.joints[at] ?? 0),
      (a.joints[at + 1] ?? 0) - (b.joints[at + 1] ?? 0),
    );
  }
  return sum / JOINT_COUNT;
}

export function without(pose: Pose, ...joints: readonly number[]): Pose {
  const copy = pose.joints.slice();
  for (const joint of joints) copy[joint * 3 + 2] = 0;
  return { ...pose, joints: copy };
}
