import { describe, expect, it } from 'vitest';
import { emptyPose, extent, isSeen, JOINT, jointX, jointY, mirrored, placedIn } from './body.ts';
import { TooLittleSeenError } from './errors.ts';
import { fitTrack } from './fit.ts';
import { AVERAGE_BODY, photograph } from './testing/figures.ts';
import {
  CAMERA,
  danceClip,
  difference,
  moved,
  STANDING,
  standing,
  timesOf,
  without,
} from './testing/scenes.ts';
import type { Track } from './track.ts';
import type { Pose } from './types.ts';

const LEGS = [JOINT.rightKnee, JOINT.rightAnkle, JOINT.leftKnee, JOINT.leftAnkle];
const HIPS = [JOINT.rightHip, JOINT.leftHip];
const trackOf = (poses: readonly Pose[]): Track => {
  const { width, height } = poses[0] as Pose;
  return { width, height, times: timesOf(poses.length), poses, gaps: [] };
};
const dance = trackOf(danceClip(120));
const kinds = (fit: ReturnType<typeof fitTrack>) => fit.warnings.map(({ kind }) => kind);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const lowest = (pose: Pose) => Math.max(jointY(pose, JOINT.rightAnkle), jointY(pose, JOINT.leftAnkle));

describe('fitting a dance to a reference', () => {
  it('changes nothing but the place when the dancer is the reference', () => {
    const { poses } = fitTrack(dance, standing());
    const shift = mean(
      poses.map((pose, i) => jointX(pose, JOINT.neck) - jointX(dance.poses[i] as Pose, JOINT.neck)),
    );
    const errors = poses.map((pose, i) => difference(pose, moved(dance.poses[i] as Pose, shift)));
    expect(mean(errors) / CAMERA.scale).toBeLessThan(0.02);
  });

  it('gives short legs short steps, and keeps the feet on the ground', () => {
    const child = { ...AVERAGE_BODY, thigh: 0.17, shin: 0.17, head: 0.12 };
    const photo = photograph(child, STANDING, { ...CAMERA, scale: 250, ground: 400 });
    const feet = fitTrack(dance, photo).poses.map(lowest);
    expect(Math.max(...feet)).toBeLessThan(410);
    expect(feet.filter((y) => Math.abs(y - 400) < 8).length / feet.length).toBeGreaterThan(0.5);
  });

  it('keeps the place and size of the photo, whatever the shape of either picture', () => {
    const wide = dance.poses.map((pose) =>
      placedIn(pose, { width: 1920, height: 1080 }, 2, { x: 700, y: 20 }),
    );
    const portrait = standing({ width: 512, height: 768, x: 200, scale: 500, ground: 720 });
    const { poses } = fitTrack(trackOf(wide), portrait);
    expect(poses[0]).toMatchObject({ width: 512, height: 768 });
    const neck = poses.map((pose) => jointX(pose, JOINT.neck)).sort((a, b) => a - b);
    expect(Math.abs((neck[60] as number) - 200)).toBeLessThan(60);
    const ratio = poses.map((pose, i) => extent(pose) / extent(dance.poses[i] as Pose)).sort((a, b) => a - b);
    expect(ratio[60]).toBeCloseTo(500 / 360, 1);
  });

  it('mirrors', () => {
    const { poses } = fitTrack(dance, standing(), { mirrored: true });
    const plain = fitTrack(trackOf(dance.poses.map(mirrored)), standing());
    poses.forEach((pose, i) => expect(difference(pose, plain.poses[i] as Pose)).toBe(0));
  });

  it('leaves a dance as filmed, letterboxed, when asked to', () => {
    const { poses } = fitTrack(dance, standing({ width: 256, height: 512 }), { mode: 'asFilmed' });
    const [pose, source] = [poses[7] as Pose, dance.poses[7] as Pose];
    expect(jointX(pose, JOINT.neck)).toBeCloseTo(jointX(source, JOINT.neck) / 2, 4);
    expect(jointY(pose, JOINT.neck)).toBeCloseTo(jointY(source, JOINT.neck) / 2 + 128, 4);
  });

  it('does not let a walk leave the picture', () => {
    const walk = danceClip(100).map((pose, i) => placedIn(pose, pose, 1, { x: (i - 50) * 8, y: 0 }));
    const hips = fitTrack(trackOf(walk), standing()).poses.map((pose) => jointX(pose, JOINT.rightHip));
    expect(Math.min(...hips)).toBeGreaterThan(0);
    expect(Math.max(...hips)).toBeLessThan(512);
  });

  it('takes a walk towards the camera for what it is', () => {
    const approach = danceClip(150).map((pose, i) => placedIn(pose, pose, 0.6 + 0.006 * i));
    const { poses } = fitTrack(trackOf(approach), standing());
    const sizes = poses.map((pose, i) => extent(pose) / extent(approach[i] as Pose));
    expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.35);
  });
});

describe('what one of the pictures does not show', () => {
  const halfPhoto = without(standing({ scale: 900, ground: 900 }), ...LEGS);
  const halfClip = trackOf(dance.poses.map((pose) => without(pose, ...LEGS)));

  it('keeps the framing of a half-body photo: legs stay below it', () => {
    const fit = fitTrack(dance, halfPhoto);
    const ankles = fit.poses.map(
      (pose) => isSeen(pose, JOINT.leftAnkle) && jointY(pose, JOINT.leftAnkle) < 512,
    );
    expect(ankles.filter(Boolean).length).toBe(0);
    expect(fit.poses.every((pose) => isSeen(pose, JOINT.nose) || jointY(pose, JOINT.nose) < 0)).toBe(true);
    expect(kinds(fit)).toContain('photoWithoutLegs');
    // That the legs are cut off has been said.
    const still = fitTrack(trackOf(Array(20).fill(standing())), halfPhoto);
    expect(kinds(still)).not.toContain('leavesThePicture');
  });

  it('lets the reference stand when the clip has no legs', () => {
    const fit = fitTrack(halfClip, standing());
    for (const pose of fit.poses)
      for (const joint of LEGS) expect(jointY(pose, joint)).toBe(jointY(standing(), joint));
    expect(kinds(fit)).toContain('clipWithoutLegs');
  });

  it('moves head and arms of a clip that ends at the chest', () => {
    const bust = trackOf(dance.poses.map((pose) => without(pose, ...LEGS, ...HIPS)));
    const { poses } = fitTrack(bust, standing());
    for (const pose of poses)
      expect(isSeen(pose, JOINT.leftWrist) || isSeen(pose, JOINT.rightWrist)).toBe(true);
    const necks = poses.map((pose) => jointX(pose, JOINT.neck));
    expect(Math.max(...necks) - Math.min(...necks)).toBeLessThan(60);
  });

  it('leaves a joint out that is not seen, and keeps what hangs on it', () => {
    const armless = trackOf(dance.poses.map((pose) => without(pose, JOINT.leftElbow)));
    const [whole, part] = [fitTrack(dance, standing()), fitTrack(armless, standing())];
    part.poses.forEach((pose, i) => {
      expect(isSeen(pose, JOINT.leftElbow)).toBe(false);
      const apart = jointX(pose, JOINT.leftWrist) - jointX(whole.poses[i] as Pose, JOINT.leftWrist);
      expect(Math.abs(apart)).toBeLessThan(25);
    });
  });

  it('leaves frames without a person empty', () => {
    const poses = dance.poses.map((pose, i) => (i === 50 ? emptyPose(512, 512) : pose));
    expect(extent(fitTrack(trackOf(poses), standing()).poses[50] as Pose)).toBe(0);
  });

  it('says what is too little to go by', () => {
    expect(() => fitTrack(dance, without(standing(), JOINT.neck, JOINT.leftShoulder))).toThrow(
      TooLittleSeenError,
    );
    expect(() => fitTrack(trackOf(dance.poses.map((pose) => without(pose, JOINT.neck))), standing())).toThrow(
      TooLittleSeenError,
    );
  });
});

describe('warnings', () => {
  it('are silent where all is well', () => {
    expect(kinds(fitTrack(trackOf(Array(20).fill(standing())), standing()))).toEqual([]);
  });

  it.each([
    ['photoFromBehind', standing({}, { yaw: Math.PI })],
    ['photoFromTheSide', standing({}, { yaw: Math.PI / 2 })],
    ['photoJointsHidden', without(standing(), JOINT.leftWrist)],
    ['photoPersonSmall', standing({ scale: 100 })],
  ])('tell of a photo: %s', (kind, photo) => {
    expect(kinds(fitTrack(dance, photo))).toContain(kind);
  });

  it('tell of a clip that turns its back, has gaps, or leaves the picture', () => {
    const back = danceClip(40).map(() => standing({}, { yaw: Math.PI }));
    expect(kinds(fitTrack(trackOf(back), standing()))).toContain('clipFromBehind');
    expect(kinds(fitTrack({ ...dance, gaps: [{ start: 1, end: 2 }] }, standing()))).toContain('clipGaps');
    expect(kinds(fitTrack(dance, standing({ x: 60, scale: 480, ground: 505 })))).toContain(
      'leavesThePicture',
    );
  });
});
