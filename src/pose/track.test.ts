import { describe, expect, it } from 'vitest';
import { FLIP_GROUPS } from './anatomy.ts';
import { copyPose, isSeen, JOINT, jointX, mirrored, point, score } from './body.ts';
import { NoPersonError } from './errors.ts';
import { flip } from './flips.ts';
import { followPerson } from './people.ts';
import { seeded } from './testing/figures.ts';
import { danceClip, difference, moved, sightings, standing, without } from './testing/scenes.ts';
import { cleanTrack, poseAt } from './track.ts';
import type { Pose } from './types.ts';

const still = (pose: Pose, frames: number) => Array.from({ length: frames }, () => pose);
const meanX = (pose: Pose | undefined) => (pose ? jointX(pose, JOINT.neck) : undefined);

describe('the person followed', () => {
  const big = standing({ x: 300 });
  const small = standing({ x: 120, scale: 200 });

  it('is the largest one, in whatever order people are found', () => {
    expect(followPerson(sightings(still(small, 20), still(big, 20))).every((pose) => pose === big)).toBe(
      true,
    );
    expect(followPerson(sightings(still(big, 20), still(small, 20))).every((pose) => pose === big)).toBe(
      true,
    );
  });

  it('stays the same when two cross and the order of findings changes', () => {
    const rightwards = Array.from({ length: 50 }, (_, i) => moved(standing({ x: 60 }), i * 7));
    const leftwards = Array.from({ length: 50 }, (_, i) => moved(standing({ x: 450, scale: 300 }), -i * 7));
    const mixed = sightings(rightwards, leftwards).map(({ time, people }, i) => ({
      time,
      people: i % 2 ? people.toReversed() : people,
    }));
    followPerson(mixed).forEach((pose, i) => expect(pose).toBe(rightwards[i]));
  });

  it('can be picked by a point at a moment', () => {
    const { x, y } = point(small, JOINT.nose);
    const followed = followPerson(sightings(still(big, 20), still(small, 20)), { x, y, time: 0.4 });
    expect(followed.every((pose) => pose === small)).toBe(true);
  });

  it('is not exchanged for a bystander while out of sight, and is taken up again after', () => {
    const dancer = [
      ...still(big, 30),
      ...still(undefined as unknown as Pose, 30),
      ...still(moved(big, 60), 30),
    ];
    const followed = followPerson(sightings(dancer, still(small, 90)));
    expect([meanX(followed[10]), followed[45], meanX(followed[80])]).toEqual([
      meanX(big),
      undefined,
      meanX(moved(big, 60)),
    ]);
  });

  it('is reported missing when nobody ever comes', () => {
    expect(() => cleanTrack(sightings(still(undefined as unknown as Pose, 10)))).toThrow(NoPersonError);
  });
});

describe('a clean track', () => {
  const truth = danceClip(100);

  it('leaves a perfect one as it is, but for a trace', () => {
    const { track, report } = cleanTrack(sightings(truth));
    const changes = track.poses.map((pose, i) => difference(pose, truth[i] as Pose));
    expect(changes.reduce((sum, change) => sum + change, 0) / changes.length).toBeLessThan(0.7);
    expect(Math.max(...changes)).toBeLessThan(2.5);
    expect(report).toEqual({ found: 1, flipsMended: 0, people: 1 });
    expect(track.gaps).toEqual([]);
  });

  it('takes jitter out without lagging behind', () => {
    const random = seeded(3);
    const shaken = truth.map((pose) => ({
      ...pose,
      joints: pose.joints.map((v, i) => (i % 3 === 2 ? v : v + 6 * (random() - 0.5))),
    }));
    const { track } = cleanTrack(sightings(shaken));
    const error = (poses: readonly Pose[], shift = 0) =>
      poses.slice(5, -5).reduce((sum, pose, i) => sum + difference(pose, truth[i + 5 + shift] as Pose), 0);
    expect(error(track.poses)).toBeLessThan(0.6 * error(shaken));
    expect(error(track.poses)).toBeLessThan(Math.min(error(track.poses, -1), error(track.poses, 1)));
  });

  it('does not follow a single wild joint', () => {
    const wild = truth.map(copyPose);
    (wild[50] as Pose).joints[JOINT.leftWrist * 3] = 20;
    const { track } = cleanTrack(sightings(wild));
    expect(
      Math.abs(jointX(track.poses[50] as Pose, JOINT.leftWrist) - jointX(truth[50] as Pose, JOINT.leftWrist)),
    ).toBeLessThan(8);
  });

  it('fills half a second and no more', () => {
    const holes = truth.map((pose, i) => ((i >= 20 && i < 30) || (i >= 50 && i < 70) ? undefined : pose));
    const { track, report } = cleanTrack(sightings(holes));
    expect(difference(track.poses[25] as Pose, truth[25] as Pose)).toBeLessThan(25);
    expect(score(track.poses[25] as Pose, JOINT.nose)).toBeCloseTo(0.5);
    expect(track.poses[60]?.joints.some((value, i) => i % 3 === 2 && value > 0)).toBe(false);
    expect(track.gaps).toEqual([{ start: 49 / 25, end: 70 / 25 }]);
    expect(report.found).toBeCloseTo(0.7);
  });

  it('fills a hidden joint, but invents none that has left the picture', () => {
    const hidden = truth.map((pose, i) => (i >= 40 && i < 46 ? without(pose, JOINT.leftWrist) : pose));
    expect(isSeen(cleanTrack(sightings(hidden)).track.poses[43] as Pose, JOINT.leftWrist)).toBe(true);
    for (const pose of hidden.slice(40, 46)) pose.joints[JOINT.leftWrist * 3] = 530;
    expect(isSeen(cleanTrack(sightings(hidden)).track.poses[43] as Pose, JOINT.leftWrist)).toBe(false);
  });

  it('does not let a joint flicker', () => {
    const glimpsed = (i: number) => i < 20 || (i >= 48 && i < 50) || i >= 70;
    const poses = truth.map((pose, i) => (glimpsed(i) ? pose : without(pose, JOINT.leftWrist)));
    const shows = cleanTrack(sightings(poses)).track.poses.map((pose) => isSeen(pose, JOINT.leftWrist));
    expect([shows[19], shows[48], shows[70]]).toEqual([true, false, true]);
  });

  it('puts exchanged legs right, and believes a real turn', () => {
    const legs = FLIP_GROUPS[1] as (typeof FLIP_GROUPS)[number];
    const calm = Array.from({ length: 60 }, (_, i) =>
      moved(
        standing(
          {},
          {
            legs: [
              { sideways: 0.3, forwards: 0, bend: 0 },
              { sideways: 0.3, forwards: 0, bend: 0 },
            ],
          },
        ),
        i,
      ),
    );
    const flipped = calm.map(copyPose);
    for (const pose of flipped.slice(30, 36)) flip(pose, legs);
    const { track, report } = cleanTrack(sightings(flipped));
    expect(report.flipsMended).toBe(6);
    expect(Math.max(...track.poses.map((pose, i) => difference(pose, calm[i] as Pose)))).toBeLessThan(1);
    const turned = calm.map((pose, i) => (i < 30 ? pose : moved(mirrored(mirrored(pose)), 0)));
    for (const pose of turned.slice(30)) for (const group of FLIP_GROUPS) flip(pose, group);
    expect(cleanTrack(sightings(turned)).report.flipsMended).toBe(0);
  });

  it('is known between its frames as well', () => {
    const { track } = cleanTrack(sightings(still(standing(), 5).map((pose, i) => moved(pose, i * 10))));
    expect(jointX(poseAt(track, 0.06), JOINT.neck)).toBeCloseTo(jointX(standing(), JOINT.neck) + 15, 1);
    expect(poseAt(track, -1)).toEqual(track.poses[0]);
    expect(poseAt(track, 99)).toEqual(track.poses[4]);
  });
});
