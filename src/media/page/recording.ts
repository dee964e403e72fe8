import {
  canEncodeAudio,
  MediaStreamAudioTrackSource,
  MediaStreamVideoTrackSource,
  Mp4OutputFormat,
  Output,
  Quality,
  StreamTarget,
  type StreamTargetChunk,
  WebMOutputFormat,
} from 'mediabunny';
import { ByteSink } from '../byte-sink.ts';
import { within } from '../deadline.ts';
import { bitrateFor, type Container, chooseEncoding } from '../encoding.ts';
import { CannotEncodeError, NoFramesError } from '../errors.ts';

const FINISH_PATIENCE = 60;

/** What the camera sees, on its way into a clip file. */
export class Recording {
  readonly startedAt = performance.now();
  readonly #output: Output;
  readonly #sink: ByteSink;
  readonly #container: Container;
  #frames = 0;

  private constructor(output: Output, sink: ByteSink, container: Container) {
    this.#output = output;
    this.#sink = sink;
    this.#container = container;
  }

  static async start(
    stream: MediaStream,
    { width, height, frameRate }: { width: number; height: number; frameRate: number },
  ): Promise<Recording> {
    const bitrate = bitrateFor(width, height, frameRate, 'good');
    const film = { width: width & ~1, height: height & ~1, frameRate, bitrate };
    const { container, codec, fullCodecString } = await chooseEncoding(film, 'auto');
    const sink = new ByteSink();
    const writable = new WritableStream<StreamTargetChunk>({
      write: ({ data, position }) => sink.write(data, position),
    });
    const output = new Output({
      format: container === 'mp4' ? new Mp4OutputFormat({ fastStart: false }) : new WebMOutputFormat(),
      target: new StreamTarget(writable, { chunked: true, chunkSize: 2 ** 20 }),
    });
    const recording = new Recording(output, sink, container);
    const [picture] = stream.getVideoTracks();
    if (!picture) throw new NoFramesError('clip');
    const video = new MediaStreamVideoTrackSource(picture as MediaStreamVideoTrack, {
      codec,
      quality: new Quality({ bitrate }),
      transform: { width: film.width, height: film.height, fit: 'cover' },
      sizeChangeBehavior: 'passThrough',
      onEncodedPacket: () => recording.#frames++,
      ...(fullCodecString && { fullCodecString }),
    });
    output.addVideoTrack(video);
    // A source that fails (the camera is gone) must not leave a rejection that nobody hears.
    video.errorPromise.catch(() => {});
    const [microphone] = stream.getAudioTracks();
    const quality = new Quality({ bitrate: 96_000 });
    if (microphone && (await canEncodeAudio('opus', { quality }))) {
      const sound = new MediaStreamAudioTrackSource(microphone as MediaStreamAudioTrack, {
        codec: 'opus',
        quality,
      });
      sound.errorPromise.catch(() => {});
      output.addAudioTrack(sound);
    }
    await output.start();
    return recording;
  }

  /** Ends the recording. A camera that was lost on the way has left what it gave until then. */
  async stop(): Promise<File> {
    try {
      await within('Finishing the recording', this.#output.finalize(), FINISH_PATIENCE);
    } catch (error) {
      await this.cancel();
      throw new CannotEncodeError('this recording', { cause: error });
    }
    if (this.#frames === 0) throw new NoFramesError('clip');
    const type = `video/${this.#container}`;
    const blob = await this.#sink.finish(type);
    return new File([blob], `recording.${this.#container}`, { type });
  }

  async cancel(): Promise<void> {
    await this.#output.cancel().catch(() => {});
    await this.#sink.discard();
  }
}
