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

  /** A picture with a red upper left and a blue upper right corner, as a file of any kind that canvases write. */
  async cornerPicture(width: number, height: number, type: string, ground = '#808080'): Promise<Blob> {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('No canvas');
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
    context.fillStyle = '#ff0000';
    context.fillRect(0, 0, width / 4, height / 4);
    context.fillStyle = '#0000ff';
    context.fillRect((width * 3) / 4, 0, width / 4, height / 4);
    return canvas.convertToBlob({ type, quality: 0.9 });
  },

  /** The same JPEG with an EXIF orientation. */
  async turned(jpeg: Blob, orientation: number): Promise<Blob> {
    const exif = [0x45, 0x78, 0x69, 0x66, 0, 0];
    const tiff = [
      0x4d,
      0x4d,
      0,
      0x2a,
      0,
      0,
      0,
      8,
      0,
      1,
      1,
      0x12,
      0,
      3,
      0,
      0,
      0,
      1,
      0,
      orientation,
      0,
      0,
      0,
      0,
      0,
      0,
    ];
    const length = 2 + exif.length + tiff.length;
    return new Blob([
      jpeg.slice(0, 2),
      Uint8Array.from([0xff, 0xe1, 0, length, ...exif, ...tiff]),
      jpeg.slice(2),
    ]);
  },

  /** Which corners of a picture are red and blue. */
  corners(image: ImageBitmap): string {
    const places = {
      'upper left': [0.1, 0.1],
      'upper right': [0.9, 0.1],
      'lower left': [0.1, 0.9],
      'lower right': [0.9, 0.9],
    };
    const is = (channel: number) =>
      Object.entries(places)
        .filter(([, [x = 0, y = 0]]) => {
          const pixel = lab.pixel(image, x * image.width, y * image.height);
          return [0, 1, 2].every((i) => (i === channel ? (pixel[i] ?? 0) > 180 : (pixel[i] ?? 0) < 80));
        })
        .map(([name]) => name)
        .join();
    return `red ${is(0)}, blue ${is(2)}`;
  },

  /** Small grey versions of all frames, to tell them apart. */
  async thumbs(file: Blob): Promise<number[][]> {
    const clip = await media.openClip(file);
    const thumbs: number[][] = [];
    const canvas = new OffscreenCanvas(24, 24);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('No canvas');
    for await (const frame of clip.frames()) {
      frame.draw(context, 0, 0, 24, 24);
      frame.close();
      const { data } = context.getImageData(0, 0, 24, 24);
      thumbs.push(Array.from({ length: 576 }, (_, i) => data[i * 4 + 1] ?? 0));
    }
    clip.close();
    return thumbs;
  },

  /** A clip written again, whole or trimmed, each frame at its own time. */
  async again(
    file: Blob,
    { start = 0, end = Infinity, ...options }: Partial<media.VideoOptions> & { start?: number; end?: number },
  ) {
    const clip = await media.openClip(file);
    const { width, height } = clip.info;
    const writer = await media.writeVideo({ width, height, sound: { clip, start, end }, ...options });
    for await (const frame of clip.frames({ start, end })) {
      await writer.add(frame, { timestamp: frame.time, duration: frame.duration });
      frame.close();
    }
    const result = await writer.finish();
    clip.close();
    return result;
  },

  /** What an independent reader finds in a video: packets, ends and the codec string. */
  async demux(file: Blob) {
    const { ALL_FORMATS, BlobSource, EncodedPacketSink, Input } = await import('mediabunny');
    using input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
    const tracks = [];
    for (const track of await input.getTracks()) {
      let packets = 0;
      let end = 0;
      const starts: number[] = [];
      for await (const packet of new EncodedPacketSink(track).packets()) {
        packets++;
        starts.push(packet.timestamp);
        end = Math.max(end, packet.timestamp + packet.duration);
      }
      starts.sort((a, b) => a - b);
      tracks.push({ type: track.type, codec: await track.getCodecParameterString(), packets, starts, end });
    }
    return tracks;
  },

  inWorker(file: File): Promise<Blob> {
    const worker = new Worker(new URL('./media.worker.ts', import.meta.url), { type: 'module' });
    return new Promise<Blob>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(file);
    }).finally(() => worker.terminate());
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
