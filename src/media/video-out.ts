import {
  type AudioSource,
  canEncodeAudio,
  MediaStreamAudioTrackSource,
  Mp4OutputFormat,
  Output,
  Quality,
  StreamTarget,
  type StreamTargetChunk,
  type VideoCodec,
  VideoSample,
  VideoSampleSource,
  WebMOutputFormat,
} from 'mediabunny';
import { PirouetteError } from '../errors.ts';
import { type About, xmpBytes, xmpPacket } from './about.ts';
import type { Film } from './avc.ts';
import { ByteSink } from './byte-sink.ts';
import { ClipFrame } from './clip-frame.ts';
import { within } from './deadline.ts';
import { bitrateFor, type Container, chooseEncoding, type Encoding, type VideoQuality } from './encoding.ts';
import { CannotEncodeError, NoFramesError } from './errors.ts';
import { type FrameImage, FramePainter, type FrameTiming, type FrameWriter } from './frame-writer.ts';
import { type ClipSound, openSound, type SoundFeed } from './sound.ts';

export interface VideoOptions {
  /** An odd side loses its last column or row: H.264 stores colour for pairs of pixels. */
  readonly width: number;
  readonly height: number;
  /** Without it, each frame brings its own timing. */
  readonly frameRate?: number;
  /** 'auto': MP4 with H.264 where the browser can, else WebM. */
  readonly container?: Container | 'auto';
  readonly quality?: VideoQuality;
  /** A clip's own sound, trimmed alike, or a microphone that is heard while the frames are added. */
  readonly sound?: ClipSound | MediaStreamAudioTrack;
  readonly about?: About;
  readonly to?: FileSystemFileHandle;
}

const KEY_FRAME_SECONDS = 2;
/** Frames that bring their own timing could come this fast. */
const FASTEST = 60;
/** An encoder may hold many frames back until the end. */
const FINISH_PATIENCE = 120;
/** Sound runs this far ahead of the frames, so that a player finds both close together in the file. */
const SOUND_LEAD = 0.3;

export class VideoWriter implements FrameWriter {
  readonly container: Container;
  readonly codec: VideoCodec;
  /** What the person should know: sentences, mostly none. */
  readonly notes: string[] = [];
  readonly #output: Output;
  readonly #video: VideoSampleSource;
  readonly #sink: ByteSink;
  readonly #painter: FramePainter;
  readonly #options: VideoOptions;
  #sound: SoundFeed | null;
  #frames = 0;
  #end = 0;

  constructor(
    parts: {
      output: Output;
      video: VideoSampleSource;
      sound: SoundFeed | null;
      sink: ByteSink;
      encoding: Encoding;
    },
    size: { width: number; height: number },
    options: VideoOptions,
  ) {
    this.container = parts.encoding.container;
    this.codec = parts.encoding.codec;
    this.#output = parts.output;
    this.#video = parts.video;
    this.#sound = parts.sound;
    this.#sink = parts.sink;
    this.#painter = new FramePainter(options, { canvas: size });
    this.#options = options;
  }

  async add(image: FrameImage, timing?: FrameTiming): Promise<void> {
    const { timestamp, duration } = timing ?? this.#nextTick();
    const sample = this.#sampleOf(image, timestamp, duration);
    this.#frames++;
    this.#end = timestamp + duration;
    try {
      await this.#advanceSound(this.#end + SOUND_LEAD);
      await within('Writing the video', this.#video.add(sample));
    } catch (error) {
      throw nameEncodeFault(error);
    } finally {
      sample.close();
    }
  }

  async finish(): Promise<Blob> {
    try {
      if (this.#frames === 0) throw new NoFramesError('trim');
      await this.#advanceSound(this.#end);
      await this.#sound?.close();
      await within('Finishing the video', this.#output.finalize(), FINISH_PATIENCE);
      if (this.container === 'mp4') await this.#sink.write(xmpBox(this.#options.about));
      return await this.#sink.finish(this.container === 'mp4' ? 'video/mp4' : 'video/webm');
    } catch (error) {
      await this.cancel();
      throw nameEncodeFault(error);
    }
  }

  async cancel(): Promise<void> {
    await this.#sound?.close();
    await this.#output.cancel().catch(() => {});
    await this.#sink.discard();
  }

  #nextTick(): FrameTiming {
    const { frameRate } = this.#options;
    if (frameRate === undefined)
      throw new TypeError('A video without a frame rate needs the timing of each frame.');
    return { timestamp: this.#frames / frameRate, duration: 1 / frameRate };
  }

  #sampleOf(image: FrameImage, timestamp: number, duration: number): VideoSample {
    const { width, height } = this.#painter.canvas;
    if (image instanceof ClipFrame && image.sample.rotation === 0 && !image.sample.flip) {
      const { sample } = image;
      if (sample.codedWidth === width && sample.codedHeight === height) {
        const copy = sample.clone();
        copy.setTimestamp(timestamp);
        copy.setDuration(duration);
        return copy;
      }
    }
    return new VideoSample(this.#painter.paint(image), { timestamp, duration });
  }

  /** A fault in the clip's sound costs the sound from there on, not the film. */
  async #advanceSound(until: number): Promise<void> {
    try {
      await this.#sound?.advance(until);
    } catch {
      this.#sound?.source.close();
      await this.#sound?.close();
      this.#sound = null;
      this.notes.push(`The clip's sound is damaged; the result has it up to ${until.toFixed(1)} s.`);
    }
  }
}

export async function writeVideo(options: VideoOptions): Promise<VideoWriter> {
  const { frameRate, container = 'auto', quality = 'good', sound, about, to } = options;
  if (!('VideoEncoder' in globalThis)) throw new CannotEncodeError('video');
  const width = Math.max(2, options.width & ~1);
  const height = Math.max(2, options.height & ~1);
  const bitrate = bitrateFor(width, height, frameRate ?? 30, quality);
  const film: Film = { width, height, frameRate: frameRate ?? FASTEST, bitrate };
  const encoding = await chooseEncoding(film, container);
  const sink = new ByteSink(to);
  const writable = new WritableStream<StreamTargetChunk>({
    write: ({ data, position }) => sink.write(data, position),
  });
  const output = new Output({
    format: encoding.container === 'mp4' ? new Mp4OutputFormat({ fastStart: false }) : new WebMOutputFormat(),
    target: new StreamTarget(writable, { chunked: true, chunkSize: 2 ** 20 }),
  });
  const video = new VideoSampleSource({
    codec: encoding.codec,
    quality: new Quality({ bitrate, bitrateMode: 'variable' }),
    keyFrameInterval: KEY_FRAME_SECONDS,
    ...(encoding.fullCodecString && { fullCodecString: encoding.fullCodecString }),
  });
  output.addVideoTrack(video, frameRate === undefined ? {} : { frameRate });
  const feed = sound && 'clip' in sound ? await openSound(sound, encoding.container) : null;
  const microphone = sound && !('clip' in sound) ? await listen(sound) : null;
  const source = feed?.source ?? microphone;
  if (source) output.addAudioTrack(source);
  if (encoding.container === 'webm') output.setMetadataTags({ raw: { XMP: xmpPacket(about) } });
  await output.start();
  const writer = new VideoWriter({ output, video, sound: feed, sink, encoding }, { width, height }, options);
  if (sound && !source) writer.notes.push('The sound could not be carried over by this browser.');
  return writer;
}

async function listen(track: MediaStreamAudioTrack): Promise<AudioSource | null> {
  const quality = new Quality({ bitrate: 96_000 });
  if (!(await canEncodeAudio('opus', { quality }))) return null;
  return new MediaStreamAudioTrackSource(track, { codec: 'opus', quality });
}

/** XMP's own place in MP4: a top-level `uuid` box under this name. */
const XMP_UUID = [
  0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8, 0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac,
];

function xmpBox(about: About | undefined): Uint8Array {
  const packet = xmpBytes(about);
  const box = new Uint8Array(24 + packet.length);
  new DataView(box.buffer).setUint32(0, box.length);
  box.set(new TextEncoder().encode('uuid'), 4);
  box.set(XMP_UUID, 8);
  box.set(packet, 24);
  return box;
}

function nameEncodeFault(error: unknown): Error {
  return error instanceof PirouetteError ? error : new CannotEncodeError('this video', { cause: error });
}
