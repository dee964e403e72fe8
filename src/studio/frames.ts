import { canvasOf } from './canvas.ts';
import type { Folder } from './folder.ts';

/**
 * Raw frames of one look, as the model made them, each under the name of the pose that it shows. A frame depends on
 * nothing else, so a change of trim, frame rate or fit paints only the poses that are new, and whatever is laid over
 * frames (a background, a mark) paints none.
 */
export class FrameStore {
  readonly #folder: Folder;
  readonly #names: Set<string>;
  /** Frames that found no room on the disk: they last as long as the page. */
  readonly #unkept = new Map<string, Blob>();

  private constructor(folder: Folder, names: Set<string>) {
    this.#folder = folder;
    this.#names = names;
  }

  static async open(folder: Folder): Promise<FrameStore> {
    return new FrameStore(folder, await FrameStore.names(folder));
  }

  /** Which frames a folder has. */
  static async names(folder: Folder): Promise<Set<string>> {
    const names = await folder.names();
    return new Set(
      names.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length)),
    );
  }

  has(key: string): boolean {
    return this.#names.has(key);
  }

  /** How many frames are in memory only, for want of room. */
  get unkept(): number {
    return this.#unkept.size;
  }

  /** The picture is drawn at once, and stays the caller's. */
  async put(key: string, image: ImageBitmap): Promise<void> {
    const [canvas, context] = canvasOf(image, { alpha: false });
    context.drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    try {
      await this.#folder.write(key + ENDING, blob);
    } catch {
      // A full disk costs the way back after a reload, not the frame.
      this.#unkept.set(key, blob);
    }
    this.#names.add(key);
  }

  /** Looks again at what is there: another tab may have painted meanwhile. */
  async refresh(): Promise<void> {
    for (const name of await FrameStore.names(this.#folder)) this.#names.add(name);
  }

  async blob(key: string): Promise<Blob | null> {
    const blob = this.#unkept.get(key) ?? (await this.#folder.read(key + ENDING));
    // A tab that was closed while it made the file leaves an empty one.
    return blob && blob.size > 0 ? blob : null;
  }

  async remove(key: string): Promise<void> {
    this.#names.delete(key);
    this.#unkept.delete(key);
    await this.#folder.remove(key + ENDING);
    await this.#folder.remove(key + MATTE);
  }

  /** What belongs to a frame and was worked out of it: where its person is. */
  matte(key: string): Promise<Blob | null> {
    return this.#folder.read(key + MATTE);
  }

  async putMatte(key: string, matte: Blob): Promise<void> {
    await this.#folder.write(key + MATTE, matte).catch(() => undefined);
  }
}

const ENDING = '.png';
const MATTE = '.matte.webp';
