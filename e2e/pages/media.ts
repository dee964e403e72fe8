import * as media from '../../src/media/index.ts';
import * as mediaPage from '../../src/media/page/index.ts';
import { type Mutation, mutate } from './mutate.ts';

/** What the media tests do inside the page. */
const lab = {
  async fixture(path: string): Promise<File> {
    const response = await fetch(`/fixtures/${path}`);
    if (!response.ok) throw new Error(`No fixture ${path}`);
    return new File([await response.blob()], path);
  },

  async gunzip(file: Blob): Promise<Blob> {
    return new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).blob();
  },

  /** What is needed of a fault: its name, and that it has sentences. */
  async fault(work: () => Promise<unknown>): Promise<string> {
    try {
      await work();
      return 'none';
    } catch (error) {
      const spoken = error instanceof Error && 'remedy' in error && error.message.endsWith('.');
      return spoken ? error.name : `unnamed: ${error}`;
    }
  },

  pixel(image: ImageBitmap, x: number, y: number): number[] {
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('No canvas');
    context.drawImage(image, 0, 0);
    return [...context.getImageData(Math.floor(x), Math.floor(y), 1, 1).data];
  },

  /** Reads a marked clip: each frame's number from its grey box, and whether the red box is at the upper left. */
  async readClip(file: Blob, options: media.FrameOptions = {}) {
    const clip = await media.openClip(file);
    const numbers: number[] = [];
    const times: number[] = [];
    const durations: number[] = [];
    let upright = true;
    for await (const frame of clip.frames(options)) {
      const image = frame.bitmap();
      frame.close();
      const [grey = 0] = lab.pixel(image, image.width * 0.75, image.height * 0.75);
      const [red = 0, green = 0] = lab.pixel(image, image.width * 0.1, image.height * 0.1);
      image.close();
      // Video black is 16 and white 235.
      numbers.push(Math.round(((grey * 219) / 255 + 16 - 40) / 4));
      times.push(frame.time);
      durations.push(frame.duration);
      upright &&= red > 120 && green < 80;
    }
    clip.close();
    return { info: clip.info, numbers, times, durations, upright };
  },

  /** The loudness of a file's sound in steps of 5 ms, from time 0 of the file. */
  async loudness(file: Blob): Promise<number[]> {
    const { ALL_FORMATS, AudioSampleSink, BlobSource, Input } = await import('mediabunny');
    using input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
    const track = await input.getPrimaryAudioTrack();
    const steps: number[] = [];
    if (track === null) return steps;
    for await (const sample of new AudioSampleSink(track).samples(0)) {
      const values = new Float32Array(sample.numberOfFrames);
      sample.copyTo(values, { planeIndex: 0, format: 'f32-planar' });
      values.forEach((value, i) => {
        const step = Math.floor((sample.timestamp + i / sample.sampleRate) / 0.005);
        if (step >= 0) steps[step] = Math.max(steps[step] ?? 0, Math.abs(value));
      });
      sample.close();
    }
    return Array.from(steps, (step) => step ?? 0);
  },

  /** When a clip's white frame is seen and its beep is heard. */
  async clap(file: Blob): Promise<{ seen: number; heard: number }> {
    const clip = await media.openClip(file);
    let seen = -1;
    for await (const frame of clip.frames()) {
      const image = frame.bitmap();
      frame.close();
      if ((lab.pixel(image, 20, 20)[0] ?? 0) > 128) seen = frame.time;
      image.close();
    }
    const heard = (await lab.loudness(file)).findIndex((step) => step > 0.05) * 0.005;
    return { seen, heard };
  },

  /** Opens a damaged file and reads all of it, as the app would: how it ended, and how long that took. */
  async survive(path: string, mutation: Mutation, seed: number) {
    const original = new Uint8Array(await (await lab.fixture(path)).arrayBuffer());
    const file = new File([mutate(original, mutation, seed)], path);
    const began = performance.now();
    let frames = 0;
    const outcome = await lab.fault(async () => {
      if (/\.(png|jpg|webp|avif|gif)$/.test(path)) {
        const photo = await media.openPhoto(file);
        photo.image.close();
        return;
      }
      const clip = await media.openClip(file);
      try {
        for await (const frame of clip.frames()) {
          frames++;
          frame.close();
        }
      } finally {
        clip.close();
      }
    });
    return { path, mutation, seed, outcome, frames, seconds: (performance.now() - began) / 1000 };
  },
};

export type Lab = typeof lab;
export type Media = typeof media;
export type MediaPage = typeof mediaPage;

Object.assign(window, { media, mediaPage, lab });
