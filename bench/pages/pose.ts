/** The browser's half of the pose bench: looks at clips and photos through the real worker, and paints what it saw. */
import { ALL_FORMATS, BlobSource, Input, VideoSampleSink } from 'mediabunny';
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

async function* framesOf(url: string, seconds: number): AsyncGenerator<{ frame: VideoFrame; time: number }> {
  const source = new BlobSource(await (await fetch(url)).blob());
  using input = new Input({ formats: ALL_FORMATS, source });
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw new Error('The clip has no pictures.');
  for await (const sample of new VideoSampleSink(track).samples(0, seconds)) {
    const frame = sample.toVideoFrame();
    const time = sample.timestamp;
    sample.close();
    yield { frame, time };
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

/** Paints every `step`th frame of the clip with its pose, on one sheet; the sheet's data URL. */
async function contactSheet(
  url: string,
  joints: readonly number[][],
  columns: number,
  step: number,
): Promise<string> {
  const side = 256;
  const shown = Math.ceil(joints.length / step);
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  let index = 0;
  for await (const { frame } of framesOf(url, Number.POSITIVE_INFINITY)) {
    const scale = side / Math.max(frame.displayWidth, frame.displayHeight);
    const [width, height] = [frame.displayWidth * scale, frame.displayHeight * scale];
    if (index === 0) {
      canvas.width = columns * width;
      canvas.height = Math.ceil(shown / columns) * height;
    }
    const pose = joints[index];
    if (pose && index % step === 0) {
      const cell = index / step;
      const [left, top] = [(cell % columns) * width, Math.floor(cell / columns) * height];
      context.drawImage(frame, left, top, width, height);
      paintSkeleton(context, asPose(pose, frame), { scale, left, top, thickness: 2.5 });
    }
    frame.close();
    index++;
    if (index >= joints.length) break;
  }
  return canvas.toDataURL('image/jpeg', 0.9);
}

function asPose(joints: readonly number[], frame: VideoFrame): Pose {
  return { width: frame.displayWidth, height: frame.displayHeight, joints: Float32Array.from(joints) };
}

declare global {
  interface Window {
    poseBench: { watch: typeof watch; look: typeof look; contactSheet: typeof contactSheet };
  }
}
window.poseBench = { watch, look, contactSheet };
