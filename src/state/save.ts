import type { FrameImage, FrameWriter, PanelLayout } from '../media/index.ts';
import { useChoices } from './choices.ts';
import { drawPose } from './draw-pose.ts';
import type { Film } from './job.ts';
import { media } from './media.ts';

export type Format = 'mp4' | 'webm' | 'gif' | 'webp' | 'png';
export type Layout = 'result' | 'beside';

export interface SaveOptions {
  readonly format: Format;
  readonly layout: Layout;
  readonly sound: boolean;
  readonly visibleMark: boolean;
  readonly to?: FileSystemFileHandle;
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
export function aboutFilm(film: Film) {
  const { motion, look, settings } = film;
  const { size, frameRate, trim } = motion;
  const { pack } = useChoices.getState();
  return {
    seed: settings.seed,
    settings: { ...settings, ...look.options, ...size, frameRate, trim, pack: pack.name },
  };
}

/** Writes the finished frames as one file. Cancelled, it leaves nothing behind. */
export async function saveFilm(
  film: Film,
  ready: readonly number[],
  options: SaveOptions,
  { onProgress, signal }: { onProgress?: (share: number) => void; signal?: AbortSignal } = {},
): Promise<{ blob: Blob; notes: readonly string[] }> {
  const painter = await FilmPainter.open(film, options);
  const writer = await openWriter(film, ready, options, painter);
  try {
    for (const [done, index] of ready.entries()) {
      signal?.throwIfAborted();
      await writer.add(await painter.paint(index));
      onProgress?.((done + 1) / ready.length);
    }
    const blob = await writer.finish();
    return { blob, notes: 'notes' in writer ? (writer.notes as string[]) : [] };
  } catch (error) {
    await writer.cancel();
    throw error;
  }
}

/** One frame as a PNG that knows how it was made. */
export async function saveStill(film: Film, index: number, visibleMark: boolean): Promise<Blob> {
  const painter = await FilmPainter.open(film, { layout: 'result', visibleMark });
  const { writeStill } = await media();
  return writeStill(await painter.paint(index), aboutFilm(film));
}

async function openWriter(
  film: Film,
  ready: readonly number[],
  { format, sound, to }: SaveOptions,
  { width, height }: FilmPainter,
): Promise<FrameWriter & { readonly notes?: readonly string[] }> {
  const { frameRate, trim } = film.motion;
  const { openClip, writeFrames, writeGif, writeVideo, writeWebp } = await media();
  const common = { width, height, about: aboutFilm(film), ...(to && { to }) };
  switch (format) {
    case 'gif':
      return writeGif({ ...common, frameRate });
    case 'webp':
      return writeWebp({ ...common, frameRate });
    case 'png':
      return writeFrames(common);
    default: {
      const clip = sound && film.sound ? await openClip(film.sound) : null;
      const end = trim.start + ready.length / frameRate;
      return writeVideo({
        ...common,
        frameRate,
        container: format,
        quality: 'best',
        ...(clip && { sound: { clip, start: trim.start, end } }),
      });
    }
  }
}

/** Brings a finished frame into the layout and, if wanted, marks it. */
class FilmPainter {
  readonly width: number;
  readonly height: number;
  private readonly canvas: OffscreenCanvas;

  private constructor(
    private readonly film: Film,
    private readonly visibleMark: boolean,
    private readonly panels: PanelLayout | null,
  ) {
    const { width, height } = panels ?? film.motion.size;
    this.width = width;
    this.height = height;
    this.canvas = new OffscreenCanvas(width, height);
  }

  static async open(film: Film, { layout, visibleMark }: Pick<SaveOptions, 'layout' | 'visibleMark'>) {
    if (layout === 'result') return new FilmPainter(film, visibleMark, null);
    const { PanelLayout } = await media();
    const { size } = film.motion;
    const panels = new PanelLayout([size, size, size], { height: size.height, gap: 8, ground: '#0d0b0a' });
    return new FilmPainter(film, visibleMark, panels);
  }

  async paint(index: number): Promise<OffscreenCanvas> {
    const { film, panels, canvas } = this;
    const key = film.keys[index];
    const pose = film.motion.poses[index];
    const image = key === undefined ? undefined : await film.store.image(key);
    if (!image || !pose) throw new Error(`Frame ${index + 1} is not there.`);
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('This browser cannot draw on a canvas.');
    const picture: FrameImage = panels ? panels.draw([film.look.ground, drawPose(pose), image]) : image;
    context.drawImage(picture, 0, 0);
    if (this.visibleMark) mark(context, this.width, this.height);
    return canvas;
  }
}

function mark(context: OffscreenCanvasRenderingContext2D, width: number, height: number): void {
  const size = Math.max(10, Math.round(Math.min(width, height) / 22));
  context.font = `600 ${size}px sans-serif`;
  context.textAlign = 'right';
  context.textBaseline = 'bottom';
  context.lineWidth = size / 5;
  context.strokeStyle = 'rgb(0 0 0 / 0.6)';
  context.fillStyle = 'rgb(255 255 255 / 0.9)';
  const place = [width - size * 0.6, height - size * 0.5] as const;
  context.strokeText('AI-generated', ...place);
  context.fillText('AI-generated', ...place);
}
