/** Pose tracks as files: Pirouette's own JSON, and OpenPose's. */
import { copyPose, emptyPose, JOINT_COUNT } from './body.ts';
import { PoseFileError } from './errors.ts';
import type { Track } from './track.ts';
import { JOINTS, type Pose } from './types.ts';

const FORMAT = 'pirouette-track';
const VERSION = 1;
/** OpenPose's BODY_25 has the middle of the hips as number 8; what we know of its joints, in our order. */
const BODY_25_JOINTS = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
/** OpenPose says nothing about time. */
const OPENPOSE_FRAME_RATE = 25;

export function trackToJson(track: Track): string {
  const { width, height, times, poses, gaps } = track;
  const frames = poses.map(({ joints }, i) => ({ time: times[i], joints: Array.from(joints, round) }));
  return JSON.stringify({ format: FORMAT, version: VERSION, width, height, joints: JOINTS, gaps, frames });
}

/** One frame as OpenPose writes it, with the picture's size as ControlNet's tools add it. */
export function poseToOpenPose(pose: Pose): string {
  return JSON.stringify(openPoseFrame(pose));
}

/** A whole clip as a list of OpenPose's frames. */
export function trackToOpenPose({ poses }: Track): string {
  return JSON.stringify(poses.map(openPoseFrame));
}

function openPoseFrame({ width, height, joints }: Pose) {
  return {
    version: 1.3,
    canvas_width: width,
    canvas_height: height,
    people: [{ person_id: [-1], pose_keypoints_2d: Array.from(joints, round) }],
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;

export interface OpenPoseOptions {
  /** The picture's size, for OpenPose files, which need not say it. */
  readonly size?: { readonly width: number; readonly height: number };
  /** Frames a second, for OpenPose files, which never say it. */
  readonly frameRate?: number;
}

/** Reads either kind; several OpenPose files (one a frame) can be given as one list. */
export function readTrack(json: string, options: OpenPoseOptions = {}): Track {
  const content = parse(json);
  return isRecord(content) && content.format === FORMAT ? readOwn(content) : readOpenPose(content, options);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new PoseFileError('it is not JSON.', { cause: error });
  }
}

function readOwn(content: Readonly<Record<string, unknown>>): Track {
  if (content.version !== VERSION) throw new PoseFileError(`version ${content.version} is not known here.`);
  const size = readSize(content.width, content.height);
  if (size === undefined) throw new PoseFileError("the picture's size is missing.");
  const frames = readList(content.frames, 'frames');
  const times: number[] = [];
  const poses = frames.map((frame, i) => {
    if (!isRecord(frame)) throw new PoseFileError(`frame ${i} is not a frame.`);
    const time = frame.time;
    if (!isNumber(time) || time <= (times.at(-1) ?? Number.NEGATIVE_INFINITY)) {
      throw new PoseFileError(`frame ${i} does not come later than the one before it.`);
    }
    times.push(time);
    return { ...size, joints: Float32Array.from(readNumbers(frame.joints, JOINT_COUNT * 3, `frame ${i}`)) };
  });
  const gaps = readList(content.gaps ?? [], 'gaps', 0).map((gap) => {
    if (!isRecord(gap) || !isNumber(gap.start) || !isNumber(gap.end))
      throw new PoseFileError('a gap has no ends.');
    return { start: gap.start, end: gap.end };
  });
  return { ...size, times, poses, gaps };
}

function readOpenPose(content: unknown, options: OpenPoseOptions): Track {
  const frames = readList(Array.isArray(content) ? content : [content], 'frames');
  const people = frames.map((frame, i) => readOpenPosePerson(frame, i));
  const size =
    options.size ??
    frames.map((frame) => isRecord(frame) && readSize(frame.canvas_width, frame.canvas_height)).find(Boolean);
  if (!size) throw new PoseFileError("the picture's size (canvas_width, canvas_height) is missing.");
  const frameRate = options.frameRate ?? OPENPOSE_FRAME_RATE;
  return {
    ...size,
    times: people.map((_, i) => i / frameRate),
    poses: people.map((joints) =>
      copyPose({ ...emptyPose(size.width, size.height), ...(joints && { joints }) }),
    ),
    gaps: [],
  };
}

/** The frame's first person; undefined where it is empty, as OpenPose writes a frame without anybody. */
function readOpenPosePerson(frame: unknown, index: number): Float32Array | undefined {
  if (!isRecord(frame) || !Array.isArray(frame.people)) {
    throw new PoseFileError(`there is no list of people${index > 0 ? ` in frame ${index}` : ''}.`);
  }
  const person: unknown = frame.people[0];
  if (person === undefined) return undefined;
  const where = `frame ${index}`;
  const keypoints = isRecord(person) ? person.pose_keypoints_2d : undefined;
  const body25 = Array.isArray(keypoints) && keypoints.length === 75;
  const numbers = readNumbers(keypoints, body25 ? 75 : JOINT_COUNT * 3, where);
  const order = body25 ? BODY_25_JOINTS : JOINTS.map((_, i) => i);
  return Float32Array.from(order.flatMap((joint) => numbers.slice(joint * 3, joint * 3 + 3)));
}

function readNumbers(value: unknown, count: number, where: string): number[] {
  if (!Array.isArray(value) || value.length !== count || !value.every(isNumber)) {
    throw new PoseFileError(`${where} has no ${count / 3} joints of three numbers each.`);
  }
  return value;
}

function readList(value: unknown, what: string, least = 1): unknown[] {
  if (!Array.isArray(value) || value.length < least) throw new PoseFileError(`it has no ${what}.`);
  return value;
}

function readSize(width: unknown, height: unknown): { width: number; height: number } | undefined {
  if (!isNumber(width) || !isNumber(height) || width <= 0 || height <= 0) return undefined;
  return { width, height };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
