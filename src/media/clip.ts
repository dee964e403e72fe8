import {
  ALL_FORMATS,
  type EncodedPacket,
  EncodedPacketSink,
  Input,
  type InputAudioTrack,
  InputDisposedError,
  type InputVideoTrack,
  type VideoSample,
  VideoSampleSink,
} from 'mediabunny';
import { CancelledError, PirouetteError } from '../errors.ts';
import { ClipFrame } from './clip-frame.ts';
import { hasIndex, isCut } from './container.ts';
import { within } from './deadline.ts';
import {
  DamagedFileError,
  EmptyFileError,
  FileAccessError,
  NoFramesError,
  TruncatedFileError,
  UnknownFileError,
  UnsupportedCodecError,
  WrongKindError,
} from './errors.ts';
import { measureRate } from './frame-rate.ts';
import { indexIsAbsurd } from './sample-tables.ts';
import { describeKind, type FileKind, readBytes, SNIFF_BYTES, sniff, type VideoFormat } from './sniff.ts';
import { GuardedSource } from './source.ts';

export interface ClipInfo {
  readonly format: VideoFormat;
  /** In words: "H.264". */
  readonly codec: string;
  /** Upright, in square pixels. */
  readonly width: number;
  readonly height: number;
  /** Degrees clockwise by which the stored frames are turned to stand upright; done already in everything returned. */
  readonly rotation: number;
  /** From the first frame to the end of the last. */
  readonly duration: number;
  /** Frames a second, on average. */
  readonly frameRate: number;
  readonly variableFrameRate: boolean;
  readonly sound: { readonly codec: string; readonly channels: number; readonly sampleRate: number } | null;
  /** What the person should know: sentences, mostly none. */
  readonly notes: readonly string[];
}

export interface FrameOptions {
  readonly start?: number;
  readonly end?: number;
  /** Without it every frame comes at its own time; with it, the frame seen at each tick of this rate. */
  readonly frameRate?: number;
  readonly signal?: AbortSignal;
}

export interface FilmstripOptions {
  readonly count: number;
  readonly height: number;
  readonly start?: number;
  readonly end?: number;
  readonly signal?: AbortSignal;
}

/** WebM rounds its times to milliseconds: a frame that is late by less than this was meant for the tick. */
const TICK_TOLERANCE = 0.0011;

const CODECS: Readonly<Record<string, string>> = {
  avc: 'H.264',
  hevc: 'H.265 (HEVC)',
  vp8: 'VP8',
  vp9: 'VP9',
  av1: 'AV1',
  prores: 'ProRes',
  // As containers spell what no browser decodes.
  jpeg: 'Motion JPEG',
  mp4v: 'MPEG-4 Part 2',
  s263: 'H.263',
};

const UNREADABLE: ReadonlySet<VideoFormat> = new Set(['AVI', 'MPEG', 'WMV', 'FLV']);

export class Clip {
  readonly file: Blob;
  readonly info: ClipInfo;
  /** Of the first frame on the file's own clock; every time above is counted from here. */
  readonly origin: number;
  readonly soundTrack: InputAudioTrack | null;
  readonly #input: Input;
  readonly #video: InputVideoTrack;

  constructor(
    file: Blob,
    input: Input,
    tracks: { video: InputVideoTrack; sound: InputAudioTrack | null },
    origin: number,
    info: ClipInfo,
  ) {
    this.file = file;
    this.info = info;
    this.origin = origin;
    this.soundTrack = tracks.sound;
    this.#input = input;
    this.#video = tracks.video;
  }

  /** Frames in order, decoded as they are asked for. What the loop receives is the loop's to close. */
  async *frames({
    start = 0,
    end = Infinity,
    frameRate,
    signal,
  }: FrameOptions = {}): AsyncGenerator<ClipFrame> {
    const last = Math.min(end, this.info.duration);
    let index = 0;
    for await (const { sample, from, to } of this.#spans(start, last, signal)) {
      const place = { index, timestamp: from, time: Math.max(0, from - start) };
      if (frameRate === undefined) {
        yield new ClipFrame(sample, { ...place, duration: Math.min(to, last) - Math.max(from, start) });
        index++;
        continue;
      }
      try {
        for (; start + index / frameRate < Math.min(to, last) - TICK_TOLERANCE; index++) {
          const tick = { index, timestamp: from, time: index / frameRate, duration: 1 / frameRate };
          yield new ClipFrame(sample.clone(), tick);
        }
      } finally {
        sample.close();
      }
    }
    if (index === 0)
      throw new NoFramesError(this.info.duration > 0 && last - start < this.info.duration ? 'trim' : 'clip');
  }

  /** The frame that is seen at a time. */
  async frameAt(time: number, signal?: AbortSignal): Promise<ClipFrame> {
    // The span's end is never reached: the loop leaves with the first frame.
    for await (const frame of this.frames({ start: Math.min(time, this.info.duration - 1e-3), signal }))
      return frame;
    throw new NoFramesError('clip');
  }

  /**
   * Small pictures spread over the clip. Where key frames lie close enough only those are decoded; where they cannot be
   * looked up, as in a recording that was never indexed, the clip is decoded from its start.
   */
  async *filmstrip({
    count,
    height,
    start = 0,
    end = this.info.duration,
    signal,
  }: FilmstripOptions): AsyncGenerator<{
    readonly time: number;
    readonly image: ImageBitmap;
  }> {
    const spacing = (end - start) / count;
    const packets = new EncodedPacketSink(this.#video);
    const times = Array.from({ length: count }, (_, i) => start + (i + 0.5) * spacing);
    const wanted: number[] = [];
    for (const time of times.map((time) => this.origin + time)) {
      const key = await this.#step(packets.getKeyPacket(time, { metadataOnly: true }));
      if (key === null) return yield* this.#filmstripInPassing(times, height, signal);
      wanted.push(time - key.timestamp < spacing ? key.timestamp : time);
    }
    const samples = new VideoSampleSink(this.#video).samplesAtTimestamps(wanted);
    try {
      for (const time of times) {
        if (signal?.aborted) throw new CancelledError();
        const { value: sample, done } = await this.#step(samples.next());
        if (done) return;
        if (sample) yield { time, image: pictureOf(sample, height) };
      }
    } finally {
      await samples.return();
    }
  }

  async *#filmstripInPassing(times: readonly number[], height: number, signal?: AbortSignal) {
    let next = 0;
    for await (const { sample, to } of this.#spans(0, this.info.duration, signal)) {
      try {
        for (; next < times.length && (times[next] ?? 0) < to; next++) {
          yield { time: times[next] ?? 0, image: pictureOf(sample.clone(), height) };
        }
      } finally {
        sample.close();
      }
      if (next === times.length) return;
    }
  }

  close(): void {
    this.#input.dispose();
  }

  /**
   * Each frame with the time until which it is seen. That is the next frame's time and not the file's own duration,
   * which many files have wrong; so one frame is held back.
   */
  async *#spans(
    start: number,
    end: number,
    signal?: AbortSignal,
  ): AsyncGenerator<{ sample: VideoSample; from: number; to: number }> {
    const key = await this.#step(
      new EncodedPacketSink(this.#video).getKeyPacket(this.origin + start, { metadataOnly: true }),
    );
    // From the key frame on, not from `start`: so that each frame decoded on the way there counts as progress.
    const samples = new VideoSampleSink(this.#video).samples(
      key?.timestamp ?? this.origin,
      this.origin + end,
    );
    let held: VideoSample | null = null;
    let first = true;
    const span = (sample: VideoSample, to: number) => {
      // Sound may begin before the picture: the first frame is seen from the start.
      const from = first ? Math.min(start, sample.timestamp - this.origin) : sample.timestamp - this.origin;
      first = false;
      return { sample, from: Math.max(from, 0), to };
    };
    try {
      for (;;) {
        if (signal?.aborted) throw new CancelledError();
        const { value: sample, done } = await this.#step(samples.next());
        const to = done ? this.info.duration : sample.timestamp - this.origin;
        const seen: VideoSample | null = held;
        held = done ? null : sample;
        if (seen && to > start + TICK_TOLERANCE) yield span(seen, to);
        else seen?.close();
        if (done) return;
      }
    } finally {
      held?.close();
      await samples.return();
    }
  }

  /** Waits for one step of reading or decoding, and names what went wrong with it. */
  async #step<T>(step: Promise<T>): Promise<T> {
    try {
      return await within('Reading the clip', step);
    } catch (error) {
      throw await nameFault(error, this.file, this.info.format);
    }
  }
}

/** A sample as a small picture; it is closed. */
function pictureOf(sample: VideoSample, height: number): ImageBitmap {
  const frame = new ClipFrame(sample, { index: 0, time: 0, timestamp: 0, duration: 0 });
  try {
    return frame.thumbnail(height);
  } finally {
    frame.close();
  }
}

/** Reads what there is to know about a clip, quickly: no frame is decoded. */
export function openClip(file: Blob): Promise<Clip> {
  return within('Opening the clip', openKnown(file));
}

async function openKnown(file: Blob): Promise<Clip> {
  const { format } = await sniffClip(file);
  if (hasIndex(format) && (await indexIsAbsurd(file))) throw new DamagedFileError('video');
  const input = new Input({ source: new GuardedSource(file), formats: ALL_FORMATS });
  try {
    return await probe(file, format, input);
  } catch (error) {
    input.dispose();
    throw await nameFault(error, file, format);
  }
}

async function sniffClip(file: Blob): Promise<Extract<FileKind, { kind: 'video' }>> {
  if (file.size === 0) throw new EmptyFileError();
  let head: Uint8Array;
  try {
    head = await readBytes(file, 0, SNIFF_BYTES);
  } catch (error) {
    throw new FileAccessError({ cause: error });
  }
  const kind = sniff(head);
  if (kind.kind === 'picture') throw new WrongKindError('clip', describeKind(kind));
  if (kind.kind === 'other') throw new UnknownFileError('clip', kind.description);
  if (UNREADABLE.has(kind.format)) throw new UnsupportedCodecError(kind.format);
  return kind;
}

async function probe(file: Blob, format: VideoFormat, input: Input): Promise<Clip> {
  const video = await input.getPrimaryVideoTrack();
  if (video === null) {
    if (await input.getPrimaryAudioTrack()) throw new NoFramesError('clip');
    throw (await isCut(file, format)) ? new TruncatedFileError('video') : new DamagedFileError('video');
  }
  const codec = await video.getCodec();
  if (!(await video.canDecode())) {
    const name = codec ?? `${await video.getInternalCodecId()}`;
    throw new UnsupportedCodecError(CODECS[name] ?? name);
  }
  const packets = new EncodedPacketSink(video);
  if ((await packets.getFirstPacket({ metadataOnly: true })) === null) throw new NoFramesError('clip');
  const origin = Math.max(0, await video.getFirstTimestamp());
  const cut = await isCut(file, format);
  const last =
    cut && hasIndex(format)
      ? await lastWholePacket(packets, origin, await video.computeDuration())
      : await packets.getPacket(Infinity, { metadataOnly: true });
  if (last === null) throw new TruncatedFileError('video');
  const rate = await measureRate(packets);
  // WebM often leaves out how long the last frame is seen.
  const duration = last.timestamp + (last.duration || 1 / rate.frameRate) - origin;
  const sound = await input.getPrimaryAudioTrack();
  const soundCodec = await sound?.getCodec();
  const notes = [
    ...((await isCut(file, format))
      ? ['The end of this file is missing; it is used as far as it goes.']
      : []),
    ...(sound && !soundCodec
      ? ['The kind of sound in this clip is not known; the result will have none.']
      : []),
  ];
  const info: ClipInfo = {
    format,
    codec: (codec && CODECS[codec]) ?? 'unknown',
    width: await video.getDisplayWidth(),
    height: await video.getDisplayHeight(),
    rotation: await video.getRotation(),
    duration,
    ...rate,
    sound:
      sound && soundCodec
        ? {
            codec: soundCodec.toUpperCase(),
            channels: await sound.getNumberOfChannels(),
            sampleRate: await sound.getSampleRate(),
          }
        : null,
    notes,
  };
  return new Clip(file, input, { video, sound: soundCodec ? sound : null }, origin, info);
}

/** Where an index promises more than the cut file holds: the last frame that is there, by halving. */
async function lastWholePacket(
  packets: EncodedPacketSink,
  start: number,
  end: number,
): Promise<EncodedPacket | null> {
  let found: EncodedPacket | null = null;
  for (let step = 0, from = start, to = end; step < 20; step++) {
    const middle = (from + to) / 2;
    const packet = await packets.getPacket(middle).catch(() => null);
    if (packet) {
      found = packet;
      from = middle;
    } else {
      to = middle;
    }
  }
  return found;
}

async function nameFault(error: unknown, file: Blob, format: VideoFormat): Promise<Error> {
  if (error instanceof PirouetteError) return error;
  if (error instanceof InputDisposedError) return new CancelledError();
  if (error instanceof DOMException && ['NotFoundError', 'NotReadableError'].includes(error.name)) {
    return new FileAccessError({ cause: error });
  }
  const cut = await isCut(file, format).catch(() => false);
  return cut
    ? new TruncatedFileError('video', { cause: error })
    : new DamagedFileError('video', { cause: error });
}
