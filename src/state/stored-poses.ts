import type { Sighting } from '../pose/people.ts';
import type { Pose } from '../pose/types.ts';

/** A pose as JSON keeps it. */
export type StoredPose = Omit<Pose, 'joints'> & { readonly joints: readonly number[] };

export interface StoredSighting {
  readonly time: number;
  readonly people: readonly StoredPose[];
}

export const storePose = ({ joints, ...size }: Pose): StoredPose => ({ ...size, joints: [...joints] });

export const restorePose = ({ joints, ...size }: StoredPose): Pose => ({
  ...size,
  joints: Float32Array.from(joints),
});

export const storeSighting = ({ time, people }: Sighting): StoredSighting => ({
  time,
  people: people.map(storePose),
});

export const restoreSighting = ({ time, people }: StoredSighting): Sighting => ({
  time,
  people: people.map(restorePose),
});
