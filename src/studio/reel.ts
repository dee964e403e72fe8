/** A film in the hand: its frames, those that are there and those that are still to be painted. */
import type { EngineInfo, LoadOptions, Reference } from '../engine/api.ts';
import type { PackSource } from '../pack/manifest.ts';
import { outlineIn } from './background.ts';
import { Compositor, isBare, matteOf, type View, viewName } from './compositor.ts';
import type { EngineDoor, LoadWishes } from './door.ts';
import { OtherModelError } from './errors.ts';
import { type Film, type FilmPhoto, isJoined, packHash, placePhoto } from './film.ts';
import type { FrameStore } from './frames.ts';
import { frameImage } from './framing.ts';
import { Pictures } from './pictures.ts';
import { type Saved, type SaveOptions, type SaveProgress, saveReel, stillOf } from './save.ts';
import type { PoseFinder } from './sources.ts';
import { inUse, type Store } from './store.ts';

export interface ReelParts {
  readonly door: EngineDoor;
  readonly pose: Pick<PoseFinder, 'outline'>;
  readonly store: Store;
  readonly frames: FrameStore;
  /** A photo as it was opened; it is the reel's to close. */
  photo(photo: FilmPhoto): Promise<ImageBitmap>;
  /** The clip's file, for its sound; null where there is none. */
  clip(): Promise<Blob | null>;
}

export interface PaintWishes extends Pick<LoadWishes, 'onProgress'> {
  readonly signal: AbortSignal;
  /** Where the pack is; without it, where the film says that it was. */
  readonly source?: PackSource | undefined;
  readonly load: LoadOptions;
  /** Another tab paints the same film: this one waits, and takes over what is missing then. */
  onWait?(): void;
  /** The engine is ready, and the first frame is on its way. */
  onReady?(): void;
}

export interface ReelFrame {
  readonly index: number;
  /** False where it was there already. */
  readonly painted: boolean;
  /** As the model made it. It stays the reel's. */
  readonly image: ImageBitmap;
}

export class Reel {
  readonly film: Film;
  readonly #parts: ReelParts;
  readonly #pictures = new Pictures();
  readonly #compositor: Compositor;
  #grounds: Promise<OffscreenCanvas[]> | null = null;
  #letGo: (() => void) | null = null;
  #isClosed = false;

  constructor(film: Film, parts: ReelParts) {
    this.film = film;
    this.#parts = parts;
    this.#compositor = new Compositor(film, {
      ground: () => this.ground(),
      matte: (index, frame) => this.#matte(index, frame),
    });
    void parts.store.locks.hold(inUse(film.id), 'shared').then((letGo) => {
      if (this.#isClosed) letGo();
      else this.#letGo = letGo;
    });
  }

  /** How many frames are in memory only, for want of room on the disk. */
  get unkept(): number {
    return this.#parts.frames.unkept;
  }

  /** The indices of the frames that are done, in order. */
  ready(): number[] {
    return this.film.keys.flatMap((key, index) => (this.#parts.frames.has(key) ? [index] : []));
  }

  missing(): number[] {
    return this.film.keys.flatMap((key, index) => (this.#parts.frames.has(key) ? [] : [index]));
  }

  /** The first photo in the film's frame. */
  async ground(): Promise<OffscreenCanvas> {
    const [first] = await this.#framed();
    if (!first) throw new Error('A film has a photo.');
    return first;
  }

  /** Paints the frames that are missing, and tells each one's index when it is kept. */
  async *paint(wishes: PaintWishes): AsyncGenerator<number> {
    const { door, frames, store } = this.#parts;
    const { signal, load, onProgress } = wishes;
    const { film } = this;
    if (this.missing().length === 0) return;
    const painting = `film-painting-${film.look}`;
    let letGo = await store.locks.tryHold(painting);
    if (!letGo) {
      wishes.onWait?.();
      letGo = await store.locks.hold(painting, 'exclusive', signal);
    }
    try {
      // Another tab may have painted meanwhile.
      await frames.refresh();
      if (this.missing().length === 0) return;
      const source = wishes.source ?? film.pack.source;
      if (!source) throw new OtherModelError(film.pack.name);
      const { size } = film.motion;
      const info = await door.load(source, load, { signal, onProgress, size });
      if ((await packHash(info.manifest)) !== film.pack.hash) throw new OtherModelError(film.pack.name);
      // Frames of one pose are one frame.
      const missing = new Map(this.missing().map((index) => [film.keys[index], index]));
      const wanted = [...missing.values()].sort((a, b) => a - b);
      const indices = isJoined(film) ? withThoseBefore(wanted) : wanted;
      const poses = indices.flatMap((index) => film.motion.poses[index] ?? []);
      if (poses.length === 0) return;
      wishes.onReady?.();
      const firstFrame = isJoined(film) ? { firstFrame: indices[0] ?? 0 } : {};
      const options = { ...film.options, ...firstFrame };
      const job = { look: film.look, references: () => this.#references(info), poses, options };
      for await (const { index, image } of door.paint(job, signal)) {
        const place = indices[index] ?? 0;
        // Painted once more for those behind it alone.
        if (this.#has(place)) {
          image.close();
          continue;
        }
        try {
          await frames.put(film.keys[place] ?? '', image);
        } finally {
          image.close();
        }
        yield place;
      }
    } finally {
      letGo();
    }
  }

  /** All frames in order, as the model made them; those that are missing are painted. */
  async *frames(wishes: PaintWishes): AsyncGenerator<ReelFrame> {
    const had = new Set(this.ready());
    const painting = this.paint(wishes);
    try {
      for (let index = 0; index < this.film.keys.length; index++) {
        while (!this.#has(index) && !(await painting.next()).done);
        wishes.signal.throwIfAborted();
        yield { index, painted: !had.has(index), image: await this.raw(index) };
      }
    } finally {
      await painting.return(undefined);
    }
  }

  #has(index: number): boolean {
    return this.#parts.frames.has(this.film.keys[index] ?? '');
  }

  /** As the model made it. The picture stays the reel's. */
  raw(index: number): Promise<ImageBitmap> {
    const key = this.film.keys[index] ?? '';
    return this.#pictures.get(key, async () => {
      const blob = await this.#parts.frames.blob(key);
      if (!blob) throw new Error(`Frame ${index + 1} is not there.`);
      return createImageBitmap(blob);
    });
  }

  /** As it is to be seen. The picture stays the reel's. */
  picture(index: number, view: View): Promise<ImageBitmap> {
    if (isBare(view)) return this.raw(index);
    return this.#pictures.get(`${viewName(view)} ${this.film.keys[index]}`, async () => {
      const canvas = await this.#compositor.compose(await this.raw(index), index, view);
      return canvas.transferToImageBitmap();
    });
  }

  sizeOf(view: Pick<View, 'layout'>) {
    return this.#compositor.size(view);
  }

  /** What is done as one file. Given up, it leaves nothing behind. */
  save(options: SaveOptions, progress: SaveProgress = {}): Promise<Saved> {
    return saveReel(this, options, progress, () => this.#parts.clip());
  }

  /** One frame as a PNG that knows how it was made. */
  still(index: number, view: View): Promise<Blob> {
    return stillOf(this, index, view);
  }

  /** The clip's file, whose sound belongs to the film; null where it has none. */
  async sound(): Promise<Blob | null> {
    return this.film.dance.clip?.hasSound ? this.#parts.clip() : null;
  }

  close(): void {
    this.#isClosed = true;
    this.#letGo?.();
    this.#letGo = null;
    this.#pictures.clear();
  }

  /** Kept for the list, under the film's name: a frame from its middle. */
  async keepPicture(): Promise<void> {
    const ready = this.ready();
    const index = ready[Math.floor(ready.length / 2)];
    const blob = index === undefined ? null : await this.#parts.frames.blob(this.film.keys[index] ?? '');
    if (blob) await this.#parts.store.picture(this.film.id, blob);
  }

  #framed(): Promise<OffscreenCanvas[]> {
    this.#grounds ??= Promise.all(
      this.film.photos.map(async (photo) => {
        const { size } = this.film.motion;
        const image = await this.#parts.photo(photo);
        try {
          return frameImage(image, placePhoto(photo.pose, size).framing, size);
        } finally {
          image.close();
        }
      }),
    );
    this.#grounds.catch(() => {
      this.#grounds = null;
    });
    return this.#grounds;
  }

  async #references({ manifest }: Pick<EngineInfo, 'manifest'>): Promise<Reference[]> {
    const { photos, motion } = this.film;
    const framed = await this.#framed();
    return Promise.all(
      photos.map(async (photo, i) => {
        const image = await createImageBitmap(framed[i] as OffscreenCanvas);
        const { pose } = placePhoto(photo.pose, motion.size);
        return { image, pose, ...(manifest.mover && (await outlineIn(image, pose, this.#parts.pose))) };
      }),
    );
  }

  async #matte(index: number, frame: ImageBitmap): Promise<ImageBitmap | null> {
    const { frames, pose } = this.#parts;
    const key = this.film.keys[index] ?? '';
    const kept = await frames.matte(key);
    if (kept && kept.size > 0) return createImageBitmap(kept);
    const target = this.film.motion.poses[index];
    const matte = target && (await matteOf(await pose.outline(frame), target, this.film.motion.size));
    if (!matte) return null;
    await frames.putMatte(key, await matte.convertToBlob({ type: 'image/webp', quality: 1 }));
    return matte.transferToImageBitmap();
  }
}

/** What a frame's neighbours in time are to it when its film is gone on with: about a window of them. */
const NEIGHBOURS = 24;

/** From a window before the first one that is missing to the last one: joined frames have no gaps between them. */
function withThoseBefore(wanted: readonly number[]): number[] {
  const first = Math.max(0, (wanted[0] ?? 0) - NEIGHBOURS);
  return Array.from({ length: (wanted.at(-1) ?? -1) + 1 - first }, (_, i) => first + i);
}
