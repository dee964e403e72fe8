/**
 * How well a dance fits another body: figures with known proportions dance, and the truth is the reference's own figure
 * with the same bearing. Pure arithmetic: no browser is needed.
 */
import { BONES, type Part } from '../src/pose/anatomy.ts';
import { isSeen, JOINT_COUNT, jointX, jointY } from '../src/pose/body.ts';
import { fitTrack } from '../src/pose/fit.ts';
import { distance, placeOf } from '../src/pose/proportions.ts';
import {
  photograph,
  randomBody,
  randomCamera,
  randomDance,
  randomPhotoBearing,
  seeded,
} from '../src/pose/testing/figures.ts';
import type { Pose } from '../src/pose/types.ts';
import type { Bench } from './run.ts';

const PAIRS = 60;
const FRAMES = 150;
const FRAME_RATE = 25;
/** Of body height: about what the detector's joints are off by after smoothing. */
const DETECTION_ERROR = 0.008;

interface Errors {
  /** Mean error of the limbs' lengths in the picture, over body height, and over each limb's own full length. */
  limb: number;
  ofLimb: number;
  joint: number;
  unfitted: number;
}

function measurePair(seed: number, blur: number): Errors {
  const random = seeded(seed * 7919);
  const [dancer, reference] = [randomBody(random), randomBody(random)];
  const [clipCamera, photoCamera] = [randomCamera(random), randomCamera(random)];
  const dance = randomDance(random);
  const times = Array.from({ length: FRAMES }, (_, i) => i / FRAME_RATE);
  const noise = () => blur * (random() + random() + random() - 1.5) * 2;
  const offsets = Array.from({ length: JOINT_COUNT * 2 }, noise);
  const photo = blurred(
    photograph(reference, randomPhotoBearing(random), photoCamera),
    photoCamera.scale,
    offsets,
  );
  const clip = times.map((time) =>
    blurred(photograph(dancer, dance(time), clipCamera), clipCamera.scale, offsets),
  );
  const truth = times.map((time) => photograph(reference, dance(time), photoCamera));
  const track = { width: 512, height: 512, times, poses: clip, gaps: [] };
  const { poses } = fitTrack(track, photo);
  const height = photoCamera.scale;
  return {
    limb: mean(poses.map((pose, i) => limbError(pose, truth[i] as Pose, () => height))),
    ofLimb: mean(
      poses.map((pose, i) => limbError(pose, truth[i] as Pose, (part) => reference[part] * height)),
    ),
    joint: mean(poses.map((pose, i) => jointError(pose, truth[i] as Pose) / height)),
    unfitted: mean(clip.map((pose, i) => jointError(pose, truth[i] as Pose) / height)),
  };
}

/** The same offset for a joint in every frame, as a detector's habits are. */
function blurred(pose: Pose, scale: number, offsets: readonly number[]): Pose {
  const joints = pose.joints.slice();
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    joints[joint * 3] = jointX(pose, joint) + (offsets[joint * 2] ?? 0) * scale;
    joints[joint * 3 + 1] = jointY(pose, joint) + (offsets[joint * 2 + 1] ?? 0) * scale;
  }
  return { ...pose, joints };
}

function limbError(pose: Pose, truth: Pose, unit: (part: Part) => number): number {
  const errors = BONES.filter(({ part }) => part !== 'head').flatMap(({ from, to, part }) => {
    const [a, b, c, d] = [placeOf(pose, from), placeOf(pose, to), placeOf(truth, from), placeOf(truth, to)];
    return a && b && c && d ? [Math.abs(distance(a, b) - distance(c, d)) / unit(part)] : [];
  });
  return mean(errors);
}

function jointError(pose: Pose, truth: Pose): number {
  const errors: number[] = [];
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    if (!isSeen(pose, joint)) continue;
    errors.push(
      Math.hypot(jointX(pose, joint) - jointX(truth, joint), jointY(pose, joint) - jointY(truth, joint)),
    );
  }
  return mean(errors);
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const round = (value: number) => Number(value.toPrecision(3));

export const run: Bench = async () => {
  const pairs = Array.from({ length: PAIRS }, (_, i) => measurePair(i + 1, 0));
  const detected = Array.from({ length: PAIRS }, (_, i) => measurePair(i + 1, DETECTION_ERROR));
  const [limbError, jointError, unfitted] = [
    mean(pairs.map(({ limb }) => limb)),
    mean(pairs.map(({ joint }) => joint)),
    mean(pairs.map((pair) => pair.unfitted)),
  ];
  const improvement = unfitted / jointError;
  return {
    name: 'retarget',
    device: 'arithmetic',
    figures: {
      pairs: PAIRS,
      limbError: round(limbError),
      worstLimbError: round(Math.max(...pairs.map(({ limb }) => limb))),
      limbErrorOfLimb: round(mean(pairs.map(({ ofLimb }) => ofLimb))),
      jointError: round(jointError),
      jointErrorUnfitted: round(unfitted),
      improvement: round(improvement),
      limbErrorAsDetected: round(mean(detected.map(({ limb }) => limb))),
      jointErrorAsDetected: round(mean(detected.map(({ joint }) => joint))),
    },
    pass: limbError <= 0.03 && improvement >= 3,
  };
};
