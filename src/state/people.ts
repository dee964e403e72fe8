import type { Pose } from '../pose/types.ts';

/** Everybody seen in one frame of a clip. */
export interface Sighting {
  readonly time: number;
  readonly people: readonly Pose[];
}
