/** What will look wrong, said before anybody waits for it. */
import { ARMS, LEGS, ROOT } from './anatomy.ts';
import { boundingBox, isSeen, JOINT, jointX } from './body.ts';
import { distance, placeOf } from './proportions.ts';
import type { Track } from './track.ts';
import { JOINTS, type Pose } from './types.ts';

export type FitWarningKind =
  | 'photoFromBehind'
  | 'photoFromTheSide'
  | 'photoWithoutLegs'
  | 'photoJointsHidden'
  | 'photoPersonSmall'
  | 'clipFromBehind'
  | 'clipWithoutLegs'
  | 'clipGaps'
  | 'leavesThePicture';

export interface FitWarning {
  readonly kind: FitWarningKind;
  /** A sentence for people. */
  readonly message: string;
}

/** Shoulders narrower than this, in trunk lengths, belong to somebody who is seen from the side. */
const SIDE_ON = 0.35;
const SMALL = 0.3;
const SOME = 0.1;

export function warningsFor(reference: Pose, track: Track, fitted: readonly Pose[]): FitWarning[] {
  const warnings: FitWarning[] = [];
  const warn = (kind: FitWarningKind, message: string) => warnings.push({ kind, message });
  const facing = breadthOf(reference);
  const danced = track.poses.filter((pose) => boundingBox(pose) !== undefined);
  const share = (test: (pose: Pose) => boolean) => danced.filter(test).length / Math.max(1, danced.length);
  const clipHasLegs = share((pose) => LEGS.some((joint) => isSeen(pose, joint))) >= 0.5;
  const photoHasLegs = LEGS.some((joint) => isSeen(reference, joint));

  if (facing !== undefined && facing < -SIDE_ON) {
    warn('photoFromBehind', 'The photo shows the person from behind: their face has to be invented.');
  } else if (facing !== undefined && facing < SIDE_ON) {
    warn('photoFromTheSide', 'The photo shows the person from the side: the hidden side has to be invented.');
  }
  if (!photoHasLegs && clipHasLegs) {
    warn(
      'photoWithoutLegs',
      'The photo does not show the legs: steps move the body, but legs that come into view are invented.',
    );
  }
  const hidden = ARMS.filter((joint) => !isSeen(reference, joint)).length;
  if (hidden > 0)
    warn(
      'photoJointsHidden',
      'Part of the arms is not visible in the photo: sleeves and hands may be invented.',
    );
  const box = boundingBox(reference);
  if (box && photoHasLegs && box.bottom - box.top < SMALL * reference.height) {
    warn(
      'photoPersonSmall',
      'The person is small in the photo: face and hands will be coarse. A closer crop helps.',
    );
  }
  if (!clipHasLegs) {
    warn('clipWithoutLegs', 'The clip does not show the legs: they stay as they are in the photo.');
  }
  const turned = share((pose) => (breadthOf(pose) ?? 1) < -SIDE_ON);
  if (turned > SOME && !(facing !== undefined && facing < -SIDE_ON)) {
    warn(
      'clipFromBehind',
      `The dancer turns their back in ${percent(turned)} of the clip, which the photo does not show.`,
    );
  }
  if (track.gaps.length > 0) {
    const seconds = track.gaps.reduce((sum, { start, end }) => sum + end - start, 0);
    warn('clipGaps', `The dancer is out of sight for ${seconds.toFixed(1)} s: those frames have no person.`);
  }
  const lost = leaving(reference, track, fitted);
  if (lost > SOME) {
    warn(
      'leavesThePicture',
      `Arms, legs or head leave the picture in ${percent(lost)} of the clip. A photo with more room around the person helps.`,
    );
  }
  return warnings;
}

/** From right to left shoulder across the picture, in trunk lengths: negative for somebody seen from behind. */
function breadthOf(pose: Pose): number | undefined {
  const [root, neck] = [placeOf(pose, ROOT), placeOf(pose, JOINT.neck)];
  if (!neck || !isSeen(pose, JOINT.rightShoulder) || !isSeen(pose, JOINT.leftShoulder)) return undefined;
  const box = boundingBox(pose);
  const trunk = root ? distance(root, neck) : box && (box.bottom - box.top) / 2;
  if (!trunk) return undefined;
  return (jointX(pose, JOINT.leftShoulder) - jointX(pose, JOINT.rightShoulder)) / trunk;
}

/** The share of frames in which a joint that clip and photo both show is cut off by the photo's edge. */
function leaving(reference: Pose, track: Track, fitted: readonly Pose[]): number {
  const shown = JOINTS.map((_, joint) => joint).filter((joint) => isSeen(reference, joint));
  const cut = fitted.filter((pose, i) => {
    const source = track.poses[i];
    return source !== undefined && shown.some((joint) => isSeen(source, joint) && !isSeen(pose, joint));
  });
  return cut.length / Math.max(1, fitted.length);
}

const percent = (share: number) => `${Math.round(share * 100)}%`;
