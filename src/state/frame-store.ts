import { folder, removeQuietly, writeFile } from './storage.ts';

/** Bitmaps kept decoded for playing; the rest is decoded again from its file when its turn comes. */
const DECODED_BYTES = 192 * 2 ** 20;

/**
 * Finished frames of one look (references, pack, settings), each under the name of the pose it shows. A frame depends
 * on nothing else, so a change of trim, frame rate or fit renders only the poses that are new. Frames are kept as PNG
 * in the origin's private file system, and in memory where there is none.
 */
export class FrameStore {
  private readonly blobs = new Map<string, Blob>();
  private readonly decoded = new Map<string, ImageBitmap>();
  private decodedBytes = 0;

  private constructor(
    readonly look: string,
    private readonly directory: FileSystemDirectoryHandle | null,
  ) {}

  static async open(look: string): Promise<FrameStore> {
    const directory = await folder('frames', look).catch(() => null);
    const store = new FrameStore(look, directory);
    if (directory) {
      for await (const [name, handle] of directory.entries()) {
        if (handle.kind === 'file' && name.endsWith('.png')) {
          const file = await handle.getFile();
          // A tab that was closed while it wrote leaves an empty file.
          if (file.size > 0) store.blobs.set(name.slice(0, -'.png'.length), file);
        }
      }
    }
    return store;
  }

  has(pose: string): boolean {
    return this.blobs.has(pose);
  }

  /** Takes the canvas's picture as it is now. */
  async put(pose: string, canvas: OffscreenCanvas): Promise<void> {
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    this.blobs.set(pose, blob);
    // A full disk costs the way back after a reload, not the frame.
    if (this.directory) await writeFile(this.directory, `${pose}.png`, blob).catch(() => undefined);
  }

  blob(pose: string): Blob | undefined {
    return this.blobs.get(pose);
  }

  /** The decoded frame, which stays the store's. */
  async image(pose: string): Promise<ImageBitmap | undefined> {
    const kept = this.decoded.get(pose);
    if (kept) {
      this.decoded.delete(pose);
      this.decoded.set(pose, kept);
      return kept;
    }
    const blob = this.blobs.get(pose);
    if (!blob) return undefined;
    const image = await createImageBitmap(blob);
    this.decoded.set(pose, image);
    this.decodedBytes += image.width * image.height * 4;
    this.dropOldest();
    return image;
  }

  private dropOldest(): void {
    for (const [pose, image] of this.decoded) {
      if (this.decodedBytes <= DECODED_BYTES || this.decoded.size <= 2) return;
      this.decoded.delete(pose);
      this.decodedBytes -= image.width * image.height * 4;
      image.close();
    }
  }

  close(): void {
    for (const image of this.decoded.values()) image.close();
    this.decoded.clear();
    this.decodedBytes = 0;
  }
}

/** Keeps the frames of the newest looks only: each is a whole film. */
export async function forgetOldLooks(keep: readonly string[]): Promise<void> {
  const frames = await folder('frames').catch(() => null);
  if (!frames) return;
  for await (const name of frames.keys()) {
    if (!keep.includes(name)) await removeQuietly(frames, name);
  }
}
