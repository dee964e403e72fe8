import { describe, expect, it } from 'vitest';
import { HIPS, LEGS } from './anatomy.ts';
import { emptyPose, extent, isSeen, JOINT, jointX, jointY } from './body.ts';
import { fitTrack } from './fit.ts';
import { LiveFit } from './live-fit.ts';
import { danceClip, standing, timesOf, without } from './testing/scenes.ts';
import type { Pose } from './types.ts';

const LOOKS = 25;
const REFERENCE = standing({ scale: 300, ground: 420 });
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const shoulders = (pose: Pose) =>
  Math.abs(jointX(pose, JOINT.rightShoulder) - jointX(pose, JOINT.leftShoulder));

/** What a camera sees, one look after the other. */
function see(live: LiveFit, poses: readonly Pose[], from = 0): { fitted: Pose; calibration: number }[] {
  return poses.map((pose, i) => ({
    fitted: live.push(pose, from + i / LOOKS),
    calibration: live.calibration,
  }));
}

/** Near the camera, hips and legs below the picture. */
const atTheDesk = () => without(standing({ scale: 880, ground: 1000 }), ...HIPS, ...LEGS);

describe('the live fit', () => {
  it('knows the person after a second and then agrees with the whole clip', () => {
    const poses = danceClip(120);
    const seen = see(new LiveFit(REFERENCE), poses);
    expect(seen.at(-1)?.calibration).toBe(1);
    const { width, height } = poses[0] as Pose;
    const { poses: known } = fitTrack({ width, height, times: timesOf(120), poses, gaps: [] }, REFERENCE);
    const late = seen.slice(40).map(({ fitted }, i) => extent(fitted) / extent(known[i + 40] as Pose));
    expect(mean(late)).toBeCloseTo(1, 1);
  });

  it('is empty while nobody is there, and takes another reference', () => {
    const live = new LiveFit(standing());
    expect(extent(live.push(emptyPose(512, 512), 0))).toBe(0);
    live.push(standing(), 0.1);
    live.setReference(standing({ scale: 180 }));
    expect(extent(live.push(standing(), 0.2)) / extent(standing())).toBeCloseTo(0.5, 1);
  });

  it('learns anew when somebody who started at the desk steps back', () => {
    const live = new LiveFit(REFERENCE);
    see(live, Array(50).fill(atTheDesk()));
    expect(live.calibration).toBe(1);
    const knee = (bend: number) => ({ sideways: 0.08, forwards: bend, bend });
    const steps = timesOf(75).map((time) =>
      standing({}, { legs: [knee(0.6 + 0.5 * Math.sin(6 * time)), knee(0.1)] }),
    );
    const seen = see(live, steps, 2).slice(50);
    expect(mean(seen.map(({ fitted }) => shoulders(fitted))) / shoulders(REFERENCE)).toBeCloseTo(1, 1);
    const knees = seen.map(({ fitted }) => jointY(fitted, JOINT.rightKnee));
    expect(Math.max(...knees) - Math.min(...knees)).toBeGreaterThan(8);
    expect(seen.every(({ calibration }) => calibration === 1)).toBe(true);
  });

  it('learns anew when the legs go out of sight for good', () => {
    const live = new LiveFit(REFERENCE);
    see(live, Array(50).fill(standing()));
    const seen = see(live, Array(75).fill(atTheDesk()), 2).slice(50);
    expect(seen.every(({ fitted }) => isSeen(fitted, JOINT.rightAnkle))).toBe(true);
    expect(mean(seen.map(({ fitted }) => shoulders(fitted))) / shoulders(REFERENCE)).toBeCloseTo(1, 1);
  });

  it('learns anew whoever walks up to the camera, and keeps their size', () => {
    const live = new LiveFit(REFERENCE);
    see(live, Array(50).fill(standing({ scale: 240 })));
    const seen = see(live, Array(75).fill(standing({ scale: 340 })), 2);
    expect(seen.some(({ calibration }) => calibration < 1)).toBe(true);
    expect(extent(seen.at(-1)?.fitted as Pose) / extent(REFERENCE)).toBeCloseTo(1, 1);
  });

  it('takes no dance for a walk', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const live = new LiveFit(REFERENCE);
      const calibrations = see(live, danceClip(250, {}, seed)).map(({ calibration }) => calibration);
      expect(calibrations.slice(30).filter((share) => share < 1)).toHaveLength(0);
    }
  });

  it('learns the body of whoever comes instead, and leaves them where they are', () => {
    const live = new LiveFit(REFERENCE);
    see(live, Array(30).fill(standing({ scale: 360, x: 256 })));
    live.learnAnew();
    const last = see(live, Array(30).fill(standing({ scale: 300, x: 300 })), 2).at(-1)?.fitted as Pose;
    expect(live.calibration).toBe(1);
    expect(extent(last) / extent(REFERENCE)).toBeCloseTo(1, 1);
    expect(jointX(last, JOINT.neck) - jointX(REFERENCE, JOINT.neck)).toBeGreaterThan(30);
    live.recalibrate();
    const [again] = see(live, [standing({ scale: 300, x: 300 })], 4);
    expect(jointX(again?.fitted as Pose, JOINT.neck)).toBeCloseTo(jointX(REFERENCE, JOINT.neck), 0);
  });
});
