/** The browser's half of the pose bench: looks at clips and photos through the real worker, and paints what it saw. */
import {
  ALL_FORMATS,
  BlobSource,
  BufferTarget,
  CanvasSource,
  Input,
  Mp4OutputFormat,
  Output,
  QUALITY_MEDIUM,
  VideoSampleSink,
} from 'mediabunny';
import { FOR_FILES, FOR_LIVE, PoseClient } from '../../src/client/pose.ts';
import { paintSkeleton } from '../../src/pose/pretty.ts';
import type { Pose } from '../../src/pose/types.ts';

/** The app finds them beside itself; this page lies elsewhere. */
const ASSETS = new URL('/pose/', location.href).href;

export interface Watched {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: readonly { readonly time: number; readonly people: readonly number[][] }[];
}

async function* framesOf(
  url: string,
  seconds: number,
): AsyncGenerator<{ frame: VideoFrame; time: number; duration: number }> {
  const source = new BlobSource(await (await fetch(url)).blob());
  using input = new Input({ formats: ALL_FORMATS, source });
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw new Error('The clip has no pictures.');
  for await (const sample of new VideoSampleSink(track).samples(0, seconds)) {
    const frame = sample.toVideoFrame();
    const { timestamp: time, duration } = sample;
    sample.close();
    yield { frame, time, duration };
  }
}

/** Frames a second count the pose worker alone: the frames are decoded before each clock starts. */
async function watch(url: string, kind: 'files' | 'live', seconds = 60): Promise<Watched> {
  const client = new PoseClient(kind === 'files' ? FOR_FILES : FOR_LIVE, ASSETS);
  await client.warm('video');
  const frames: { time: number; people: number[][] }[] = [];
  let size = { width: 0, height: 0 };
  let busy = 0;
  for await (const { frame, time } of framesOf(url, seconds)) {
    size = { width: frame.displayWidth, height: frame.displayHeight };
    const start = performance.now();
    const people = await client.follow(frame, time * 1000);
    busy += performance.now() - start;
    frames.push({ time, people: people.map(({ joints }) => [...joints]) });
  }
  client.dispose();
  return { ...size, fps: (frames.length * 1000) / busy, frames };
}

async function look(url: string): Promise<number[][]> {
  const client = new PoseClient(FOR_FILES, ASSETS);
  const picture = await createImageBitmap(await (await fetch(url)).blob());
  const people = await client.find(picture);
  client.dispose();
  return people.map(({ joints }) => [...joints]);
}

export interface Pictures {
  /** A film of the clip with its poses, and a sheet of stills from it: data URLs. */
  readonly film: string;
  readonly sheet: string;
}

const CELL = 256;
const COLUMNS = 6;
const LONGEST_SIDE = 1280;

async function paint(url: string, joints: readonly number[][], stills: number): Promise<Pictures> {
  const step = Math.max(1, Math.ceil(joints.length / stills));
  const sheet = document.createElement('canvas');
  const cell = { width: CELL, height: CELL };
  const film = document.createElement('canvas');
  const output = new Output({ format: new Mp4OutputFormat(), target: new BufferTarget() });
  const source = new CanvasSource(film, { codec: 'avc', quality: QUALITY_MEDIUM });
  output.addVideoTrack(source);
  await output.start();
  let index = 0;
  for await (const { frame, time, duration } of framesOf(url, Number.POSITIVE_INFINITY)) {
    const pose = joints[index];
    if (pose === undefined) {
      frame.close();
      break;
    }
    const longer = Math.max(frame.displayWidth, frame.displayHeight);
    if (index === 0) {
      const scale = Math.min(1, LONGEST_SIDE / longer);
      // H.264 counts in twos.
      film.width = 2 * Math.round((frame.displayWidth * scale) / 2);
      film.height = 2 * Math.round((frame.displayHeight * scale) / 2);
      cell.width = Math.round((film.width * CELL) / Math.max(film.width, film.height));
      cell.height = Math.round((film.height * CELL) / Math.max(film.width, film.height));
      sheet.width = COLUMNS * cell.width;
      sheet.height = Math.ceil(Math.ceil(joints.length / step) / COLUMNS) * cell.height;
    }
    paintOver(film, frame, pose, 0, 0, Math.max(film.width, film.height));
    await source.add(time, duration);
    if (index % step === 0) {
      const still = index / step;
      const [column, row] = [still % COLUMNS, Math.floor(still / COLUMNS)];
      paintOver(sheet, frame, pose, column * cell.width, row * cell.height, CELL);
    }
    frame.close();
    index++;
  }
  await output.finalize();
  const bytes = output.target.buffer;
  if (bytes === null) throw new Error('The film was not written.');
  return { film: await dataUrl(new Blob([bytes])), sheet: sheet.toDataURL('image/png') };
}

function paintOver(
  canvas: HTMLCanvasElement,
  frame: VideoFrame,
  joints: readonly number[],
  left: number,
  top: number,
  side: number,
): void {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser cannot draw on a canvas.');
  const scale = side / Math.max(frame.displayWidth, frame.displayHeight);
  context.drawImage(frame, left, top, frame.displayWidth * scale, frame.displayHeight * scale);
  paintSkeleton(context, asPose(joints, frame), { scale, left, top });
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

function asPose(joints: readonly number[], frame: VideoFrame): Pose {
  return { width: frame.displayWidth, height: frame.displayHeight, joints: Float32Array.from(joints) };
}

declare global {
  interface Window {
    poseBench: { watch: typeof watch; look: typeof look; paint: typeof paint };
  }
}
window.poseBench = { watch, look, paint };
