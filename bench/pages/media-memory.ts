import { FOR_FILES, PoseClient } from '../../src/client/pose.ts';
import { openClip, writeVideo } from '../../src/media/index.ts';

const WIDTH = 1280;
const HEIGHT = 720;
const RATE = 25;
const POSE_EVERY = 10;
/** What the pose networks see of a frame. */
const POSE_SIDE = 512;

export interface Passage {
  readonly frames: number;
  readonly poses: number;
  readonly resultFrames: number;
  readonly resultSeconds: number;
  readonly resultMegabytes: number;
  readonly secondsTaken: number;
}

async function storedFile(name: string): Promise<FileSystemFileHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getFileHandle(name, { create: true });
}

/** A person walks to and fro before a plain wall, for as long as asked. */
async function makeClip(seconds: number): Promise<void> {
  const response = await fetch('/fixtures/motion/person-1.png');
  const person = await createImageBitmap(await response.blob());
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('The browser gives no canvas.');
  const to = await storedFile('long-clip.mp4');
  const writer = await writeVideo({ width: WIDTH, height: HEIGHT, frameRate: RATE, quality: 'small', to });
  for (let i = 0; i < seconds * RATE; i++) {
    context.fillStyle = '#8a9099';
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.drawImage(person, 384 + 300 * Math.sin(i / 40), 150);
    await writer.add(canvas);
  }
  await writer.finish();
}

/** The whole way of a clip: every frame decoded, every tenth given to the pose worker, every frame written again. */
async function passThrough(): Promise<Passage> {
  const began = performance.now();
  const clip = await openClip(await (await storedFile('long-clip.mp4')).getFile());
  const pose = new PoseClient(FOR_FILES, new URL('/pose/', location.href).href);
  const { width, height, frameRate } = clip.info;
  const to = await storedFile('long-result.mp4');
  const writer = await writeVideo({ width, height, frameRate, sound: { clip }, to });
  let frames = 0;
  let poses = 0;
  for await (const frame of clip.frames()) {
    if (frames++ % POSE_EVERY === 0) {
      const people = await pose.follow(frame.bitmap({ maxSide: POSE_SIDE }), frame.time * 1000);
      if (people.length > 0) poses++;
    }
    await writer.add(frame, { timestamp: frame.time, duration: frame.duration });
    frame.close();
  }
  const result = await writer.finish();
  clip.close();
  pose.dispose();
  const again = await openClip(result);
  let resultFrames = 0;
  for await (const frame of again.frames()) {
    frame.close();
    resultFrames++;
  }
  const resultSeconds = again.info.duration;
  again.close();
  return {
    frames,
    poses,
    resultFrames,
    resultSeconds,
    resultMegabytes: result.size / 1e6,
    secondsTaken: (performance.now() - began) / 1000,
  };
}

/** All that the page and its workers hold, buffers included, after a collection. */
async function heapMegabytes(): Promise<number> {
  const { bytes } = await performance.measureUserAgentSpecificMemory();
  return bytes / 1e6;
}

declare global {
  interface Performance {
    measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
  }
}

const mediaMemory = { makeClip, passThrough, heapMegabytes };
export type MediaMemory = typeof mediaMemory;

Object.assign(window, { mediaMemory });
