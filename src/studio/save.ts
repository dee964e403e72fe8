import type { FrameWriter } from '../media/index.ts';
import type { View } from './compositor.ts';
import type { Film } from './film.ts';
import { media } from './media.ts';
import type { Reel } from './reel.ts';

export type Format = 'mp4' | 'webm' | 'gif' | 'webp' | 'png';

export interface SaveOptions {
  readonly format: Format;
  readonly view: View;
  readonly sound: boolean;
  readonly to?: FileSystemFileHandle;
}

export interface SaveProgress {
  onProgress?(share: number): void;
  readonly signal?: AbortSignal;
}

export interface Saved {
  readonly blob: Blob;
  readonly notes: readonly string[];
}

const ENDING: Readonly<Record<Format, string>> = {
  mp4: 'mp4',
  webm: 'webm',
  gif: 'gif',
  webp: 'webp',
  png: 'zip',
};

export const fileName = (film: Film, format: Format): string =>
  `pirouette-${film.settings.seed}.${ENDING[format]}`;

/** What a result says about how it was made: enough to make it again, and no name of anybody's file. */
export function aboutFilm({ motion, options, settings, pack }: Film, { layout: _, ...view }: View) {
  const { size, frameRate, trim } = motion;
  return {
    seed: settings.seed,
    settings: { ...settings, ...options, ...view, ...size, frameRate, trim, pack: pack.name },
  };
}

/**
 * The frames of a file, each at its own time: where one is missing in the middle of a film that was cut short, the one
 * before it stays for as long, so that the dance keeps its pace and its sound.
 */
export function steadyFrames(ready: readonly number[]): number[] {
  const [first = 0] = ready;
  const last = ready.at(-1) ?? -1;
  const frames: number[] = [];
  let shown = 0;
  for (let index = first; index <= last; index++) {
    while ((ready[shown + 1] ?? Number.POSITIVE_INFINITY) <= index) shown++;
    frames.push(ready[shown] ?? index);
  }
  return frames;
}

/** Formats that can be transparent, here. */
const SEE_THROUGH: ReadonlySet<Format> = new Set(['webp', 'png']);
const NOT_SEE_THROUGH =
  'This format cannot be transparent: the background has one colour. Animated WebP and PNG frames can be.';

export async function saveReel(
  reel: Reel,
  options: SaveOptions,
  { onProgress, signal }: SaveProgress,
  clipFile: () => Promise<Blob | null>,
): Promise<Saved> {
  const ready = reel.ready();
  // Untouched pictures in a zip are no film: none is there twice.
  const frames = options.format === 'png' ? ready : steadyFrames(ready);
  const { film } = reel;
  const isSolid = options.view.background === 'none' && !SEE_THROUGH.has(options.format);
  const view: View = isSolid ? { ...options.view, background: 'plain' } : options.view;
  const sound = options.sound && film.dance.clip?.hasSound ? await clipFile() : null;
  const clip = sound && isVideo(options.format) ? await (await media()).openClip(sound) : null;
  let writer: (FrameWriter & { readonly notes?: readonly string[] }) | null = null;
  try {
    const start = film.motion.trim.start + (frames[0] ?? 0) / film.motion.frameRate;
    const end = start + frames.length / film.motion.frameRate;
    writer = await openWriter(reel, { ...options, view }, clip && { clip, start, end });
    for (const [done, index] of frames.entries()) {
      signal?.throwIfAborted();
      await writer.add(await reel.picture(index, view));
      onProgress?.((done + 1) / frames.length);
    }
    const blob = await writer.finish();
    const notes = isSolid ? [NOT_SEE_THROUGH] : [];
    return { blob, notes: [...notes, ...(writer.notes ?? [])] };
  } catch (error) {
    await writer?.cancel();
    throw error;
  } finally {
    clip?.close();
  }
}

export async function stillOf(reel: Reel, index: number, view: View): Promise<Blob> {
  const { writeStill } = await media();
  return writeStill(await reel.picture(index, view), aboutFilm(reel.film, view));
}

const isVideo = (format: Format): boolean => format === 'mp4' || format === 'webm';

type Sound = NonNullable<Parameters<typeof import('../media/index.ts')['writeVideo']>[0]['sound']>;

async function openWriter(
  reel: Reel,
  { format, view, to }: SaveOptions,
  sound: Sound | null,
): Promise<FrameWriter & { readonly notes?: readonly string[] }> {
  const { film } = reel;
  const { frameRate } = film.motion;
  const { writeFrames, writeGif, writeVideo, writeWebp } = await media();
  const common = { ...reel.sizeOf(view), about: aboutFilm(film, view), ...(to && { to }) };
  switch (format) {
    case 'gif':
      return writeGif({ ...common, frameRate });
    case 'webp':
      return writeWebp({ ...common, frameRate });
    case 'png':
      return writeFrames(common);
    default:
      return writeVideo({
        ...common,
        frameRate,
        container: format,
        quality: 'best',
        ...(sound && { sound }),
      });
  }
}
