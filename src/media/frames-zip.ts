import type { About } from './about.ts';
import { ByteSink } from './byte-sink.ts';
import { type FrameImage, FramePainter, type FrameWriter } from './frame-writer.ts';
import { encodePng } from './still.ts';
import { ZipWriter } from './zip.ts';

export interface FramesOptions {
  readonly width: number;
  readonly height: number;
  /** What else goes into the zip: a name and its text, such as the pose track. */
  readonly files?: Readonly<Record<string, string>>;
  readonly about?: About;
  readonly to?: FileSystemFileHandle;
}

class FramesWriter implements FrameWriter {
  readonly #options: FramesOptions;
  readonly #sink: ByteSink;
  readonly #zip: ZipWriter;
  readonly #painter: FramePainter;
  #frame = 0;

  constructor(options: FramesOptions) {
    this.#options = options;
    this.#sink = new ByteSink(options.to);
    this.#zip = new ZipWriter(this.#sink);
    this.#painter = new FramePainter(options);
  }

  async add(image: FrameImage): Promise<void> {
    const png = await encodePng(this.#painter.paint(image), this.#options.about);
    this.#frame++;
    await this.#zip.add(`frame-${String(this.#frame).padStart(5, '0')}.png`, png);
  }

  async finish(): Promise<Blob> {
    const { about, files = {} } = this.#options;
    const settings = about && { 'settings.json': JSON.stringify(about, null, 2) };
    for (const [name, text] of Object.entries({ ...settings, ...files })) {
      await this.#zip.add(name, new TextEncoder().encode(text));
    }
    await this.#zip.finish();
    return this.#sink.finish('application/zip');
  }

  cancel(): Promise<void> {
    return this.#sink.discard();
  }
}

/** Every frame as a PNG, in one zip. */
export async function writeFrames(options: FramesOptions): Promise<FrameWriter> {
  return new FramesWriter(options);
}
