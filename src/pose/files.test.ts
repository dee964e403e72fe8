import { describe, expect, it } from 'vitest';
import { PoseFileError } from './errors.ts';
import { poseToOpenPose, readTrack, trackToJson, trackToOpenPose } from './files.ts';
import { danceClip, difference, timesOf } from './testing/scenes.ts';
import type { Track } from './track.ts';
import type { Pose } from './types.ts';

const track: Track = {
  width: 512,
  height: 512,
  times: timesOf(12),
  poses: danceClip(12),
  gaps: [{ start: 0.1, end: 0.2 }],
};
const close = (a: Track, b: Track) =>
  a.poses.forEach((pose, i) => expect(difference(pose, b.poses[i] as Pose)).toBeLessThan(1e-3));

describe('track files', () => {
  it('come back as they were saved', () => {
    const read = readTrack(trackToJson(track));
    close(read, track);
    expect({ ...read, poses: [] }).toEqual({ ...track, poses: [] });
  });

  it("are written and read in OpenPose's layout", () => {
    const read = readTrack(trackToOpenPose(track), { frameRate: 50 });
    close(read, track);
    expect(read.times[5]).toBeCloseTo(0.1);
    const single = JSON.parse(poseToOpenPose(track.poses[0] as Pose));
    expect(single.people[0].pose_keypoints_2d).toHaveLength(54);
    expect(readTrack(JSON.stringify(single)).poses).toHaveLength(1);
  });

  it('takes BODY_25 without its middle hip, and an empty frame as nobody', () => {
    const body25 = Array.from({ length: 25 }, (_, joint) => [joint, joint * 2, 1]).flat();
    const frames = [{ people: [{ pose_keypoints_2d: body25 }] }, { people: [] }];
    const read = readTrack(JSON.stringify(frames), { size: { width: 100, height: 80 } });
    expect([...(read.poses[0] as Pose).joints].filter((_, i) => i % 3 === 0)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
    ]);
    expect(read.poses[1]?.joints.every((value) => value === 0)).toBe(true);
  });

  it.each([
    ['no JSON', '{'],
    ['nothing of the kind', '{"hello": 1}'],
    ['a bare null', 'null'],
    ['no frames', '[]'],
    ['no size', '{"people": []}'],
    [
      'a wrong number of joints',
      '{"canvas_width": 9, "canvas_height": 9, "people": [{"pose_keypoints_2d": [1, 2, 3]}]}',
    ],
    ['text for numbers', trackToJson(track).replace(/"joints":\[\d/, '"joints":["1"')],
    ['time standing still', trackToJson({ ...track, times: track.times.map(() => 0) })],
    ['another version', trackToJson(track).replace('"version":1', '"version":9')],
  ])('refuses %s with a named error', (_, json) => {
    expect(() => readTrack(json)).toThrow(PoseFileError);
  });
});
