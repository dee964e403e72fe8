/** A film of what the live screen shows, with the microphone if wanted. */
import type { About, VideoOptions } from '../media/index.ts';
import { frameWhole } from '../studio/framing.ts';
import type { Size } from '../studio/settings.ts';
import { media, pageMedia } from './media.ts';

export interface LiveFilm {
  readonly file: Blob;
  readonly name: string;
  readonly seconds: number;
}

type Writer = Awaited<ReturnType<typeof import('../media/index.ts')['writeVideo']>>;

export class LiveRecorder {
  readonly #writer: Writer;
  readonly #size: Size;
  readonly #microphone: MediaStreamAudioTrack | null;
  readonly #startedAt = performance.now();
  #end = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #fault: unknown;

  private constructor(writer: Writer, size: Size, microphone: MediaStreamAudioTrack | null) {
    this.#writer = writer;
    this.#size = size;
    this.#microphone = microphone;
  }

  static async start(
    { width, height }: Size,
    { withMicrophone, about }: { withMicrophone: boolean; about: About },
  ): Promise<LiveRecorder> {
    const microphone = withMicrophone ? await (await pageMedia()).openMicrophone() : null;
    try {
      const { writeVideo } = await media();
      const sound: Pick<VideoOptions, 'sound'> = microphone ? { sound: microphone } : {};
      return new LiveRecorder(
        await writeVideo({ width, height, quality: 'best', about, ...sound }),
        { width, height },
        microphone,
      );
    } catch (error) {
      microphone?.stop();
      throw error;
    }
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** The screen as it is now. Frames that come faster than they can be written are left out. */
  add(screen: HTMLCanvasElement): void {
    const timestamp = this.seconds;
    if (this.#isWriting || this.#fault) return;
    this.#isWriting = true;
    this.#end = timestamp;
    this.#writing = this.#writer
      .add(this.#inFilm(screen), { timestamp, duration: 1 / 30 })
      .catch((error) => {
        this.#fault = error;
      })
      .finally(() => {
        this.#isWriting = false;
      });
  }

  /** The finished film; it ends with what is on the screen now, which may have stood there for a while. */
  async stop(screen: HTMLCanvasElement | null): Promise<LiveFilm> {
    const { seconds } = this;
    try {
      await this.#writing;
      if (this.#fault) throw this.#fault;
      if (screen && seconds > this.#end + 0.001) {
        await this.#writer.add(this.#inFilm(screen), { timestamp: seconds, duration: 1 / 30 });
      }
      const file = await this.#writer.finish();
      const name = `pirouette-live.${file.type === 'video/webm' ? 'webm' : 'mp4'}`;
      return { file, name, seconds };
    } catch (error) {
      await this.#writer.cancel();
      throw error;
    } finally {
      this.#microphone?.stop();
    }
  }

  /** Gives the recording up. */
  async cancel(): Promise<void> {
    this.#microphone?.stop();
    await this.#writing;
    await this.#writer.cancel();
  }

  /** After another photo was chosen the screen may have another shape: it lies in the film as a whole. */
  #inFilm(screen: HTMLCanvasElement): HTMLCanvasElement | OffscreenCanvas {
    const { width, height } = this.#size;
    if (screen.width * height === screen.height * width) return screen;
    const film = new OffscreenCanvas(width, height);
    const { scale, x, y } = frameWhole(screen, this.#size);
    const context = film.getContext('2d', { alpha: false });
    context?.drawImage(screen, x, y, screen.width * scale, screen.height * scale);
    return film;
  }
}
