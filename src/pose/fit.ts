/** The clip's dance on the reference's body: proportions, place and size. */
import { describeDriver, describeReference } from './bodies.ts';
import { mirrored, placedIn } from './body.ts';
import { Retargeter } from './retarget.ts';
import type { Track } from './track.ts';
import type { Pose } from './types.ts';
import { type FitWarning, warningsFor } from './warnings.ts';

export interface FitOptions {
  /** 'fitted' gives the reference's body the dance; 'asFilmed' keeps the dancer's own body, place and framing. */
  readonly mode?: 'fitted' | 'asFilmed';
  /** The dance as in a mirror. */
  readonly mirrored?: boolean;
}

export interface Fit {
  /** One for each of the track's, in the reference's picture. */
  readonly poses: Pose[];
  readonly warnings: FitWarning[];
}

export function fitTrack(track: Track, referencePose: Pose, options: FitOptions = {}): Fit {
  const driven = options.mirrored ? track.poses.map(mirrored) : track.poses;
  if (options.mode === 'asFilmed') {
    const poses = driven.map((pose) => asFilmed(pose, referencePose));
    return { poses, warnings: warningsFor(referencePose, track, poses) };
  }
  const retargeter = new Retargeter(describeReference(referencePose), describeDriver(driven, track.times));
  for (const pose of driven) retargeter.makeRoomFor(pose);
  const poses = driven.map((pose) => retargeter.fit(pose));
  return { poses, warnings: warningsFor(referencePose, track, poses) };
}

/** The clip's picture laid into the reference's, as large as it fits without cutting or stretching. */
export function asFilmed(pose: Pose, size: { readonly width: number; readonly height: number }): Pose {
  const scale = Math.min(size.width / pose.width, size.height / pose.height);
  return placedIn(pose, size, scale, {
    x: (size.width - pose.width * scale) / 2,
    y: (size.height - pose.height * scale) / 2,
  });
}
