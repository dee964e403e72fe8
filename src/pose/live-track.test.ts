import { describe, expect, it } from 'vitest';
import { FLIP_GROUPS } from './anatomy.ts';
import { copyPose, isSeen, JOINT, jointX, point } from './body.ts';
import { flip } from './flips.ts';
import { LiveTrack } from './live-track.ts';
import { seeded } from './testing/figures.ts';
import { danceClip, difference, moved, sightings, standing, without } from './testing/scenes.ts';
import type { Pose } from './types.ts';

const follow = (clip: ReturnType<typeof sightings>, live = new LiveTrack()) =>
  clip.map((sighting) => live.push(sighting));

describe('live following', () => {
  it('lags less than a frame behind a dance, and calms a person at rest', () => {
    const truth = danceClip(100);
    const poses = follow(sightings(truth)) as Pose[];
    const error = (shift: number) =>
      poses.slice(10).reduce((sum, pose, i) => sum + difference(pose, truth[i + 10 - shift] as Pose), 0);
    expect(error(0)).toBeLessThan(error(2));
    const random = seeded(4);
    const rest = Array.from({ length: 50 }, () => {
      const pose = standing();
      return { ...pose, joints: pose.joints.map((v, i) => (i % 3 === 2 ? v : v + 4 * (random() - 0.5))) };
    });
    const jumps = (list: readonly Pose[]) =>
      list.slice(1).reduce((sum, pose, i) => sum + difference(pose, list[i] as Pose), 0);
    expect(jumps(follow(sightings(rest)) as Pose[])).toBeLessThan(0.6 * jumps(rest));
  });

  it('is where a cut goes at once', () => {
    const after = standing({ x: 420, scale: 250 });
    const poses = follow(sightings([...danceClip(30), ...Array.from({ length: 5 }, () => after)]));
    expect(difference(poses[30] as Pose, after)).toBe(0);
  });

  it('waits for its person rather than take a bystander', () => {
    const dancer = Array.from({ length: 20 }, (_, i) =>
      i >= 10 && i < 15 ? undefined : standing({ x: 330 }),
    );
    const bystander = Array.from({ length: 20 }, () => standing({ x: 120, scale: 200 }));
    const poses = follow(sightings(dancer, bystander));
    expect(poses.slice(10, 15)).toEqual(Array(5).fill(undefined));
    expect(jointX(poses[15] as Pose, JOINT.neck)).toBeCloseTo(330, 0);
  });

  it('follows whom it is told to', () => {
    const [big, small] = [standing({ x: 330 }), standing({ x: 120, scale: 200 })];
    const live = new LiveTrack();
    const clip = sightings(Array(10).fill(big), Array(10).fill(small));
    follow(clip.slice(0, 5), live);
    live.pick(point(small, JOINT.nose));
    expect(follow(clip.slice(5), live).every((pose) => pose && jointX(pose, JOINT.neck) < 150)).toBe(true);
  });

  it('holds a joint that flickers, and mends a flip', () => {
    const clip = Array.from({ length: 40 }, (_, i) =>
      i >= 20 && i < 23 ? without(standing(), JOINT.leftWrist) : standing(),
    );
    expect(isSeen(follow(sightings(clip))[21] as Pose, JOINT.leftWrist)).toBe(true);
    const flipped = clip.map(copyPose);
    flip(flipped[30] as Pose, FLIP_GROUPS[0] as (typeof FLIP_GROUPS)[number]);
    expect(difference(follow(sightings(flipped))[30] as Pose, standing())).toBeLessThan(1);
  });

  it('goes on after a person has come back elsewhere', () => {
    const clip = Array.from({ length: 60 }, (_, i) =>
      i < 20 ? standing({ x: 150 }) : i < 40 ? undefined : moved(standing({ x: 150 }), 200),
    );
    const poses = follow(sightings(clip));
    expect(poses[30]).toBeUndefined();
    expect(jointX(poses[45] as Pose, JOINT.neck)).toBeCloseTo(350, 0);
  });

  it('knows a stranger from somebody who was hidden for a moment', () => {
    const live = new LiveTrack();
    const [here, there] = [standing({ scale: 200, x: 120 }), standing({ scale: 200, x: 400 })];
    const seen = (time: number, ...people: Pose[]) => {
      live.push({ time, people });
      return live.isStranger;
    };
    expect(seen(0, here)).toBe(true);
    expect(seen(0.04, here)).toBe(false);
    seen(0.08);
    // Back after a second behind something, and a little farther on.
    expect(seen(1.1, standing({ scale: 200, x: 150 }))).toBe(false);
    expect(seen(1.14, there)).toBe(true);
    expect(seen(1.18, there, here)).toBe(false);
    live.pick({ x: 120, y: 300 });
    expect(seen(1.22, there, here)).toBe(true);
    seen(1.26);
    expect(seen(9, here)).toBe(true);
  });
});
