/**
 * What is seen of a film: its raw frame, and over it whatever was chosen about background, mark and layout. It is
 * composed when a frame is shown or saved, so that another choice paints nothing again.
 */
import type { PanelLayout } from '../media/index.ts';
import type { Outlined } from '../pose/detector.ts';
import type { Pose } from '../pose/types.ts';
import { keepInside, nearest } from './background.ts';
import { canvasOf } from './canvas.ts';
import { drawPose } from './draw-pose.ts';
import type { Film } from './film.ts';
import { media } from './media.ts';
import type { Settings, Size } from './settings.ts';
import { bodyShape, steadyMask } from './steady.ts';

export type Layout = 'result' | 'beside';

export type View = Pick<Settings, 'background' | 'plainColour' | 'visibleMark'> & { readonly layout: Layout };

export const viewOf = (
  { background, plainColour, visibleMark }: Settings,
  layout: Layout = 'result',
): View => ({ background, plainColour, visibleMark, layout });

/** The same view has the same name: what was composed for it can be kept under that. */
export const viewName = ({ background, plainColour, visibleMark, layout }: View): string =>
  [background, background === 'plain' ? plainColour : '', visibleMark ? 'marked' : '', layout].join(' ');

/** Whether a raw frame is seen as it is. */
export const isBare = ({ background, visibleMark, layout }: View): boolean =>
  background === 'photo' && !visibleMark && layout === 'result';

const GAP = 8;
const PANEL_GROUND = '#0d0b0a';

export interface ComposerParts {
  /** The photo in the film's frame. */
  ground(): Promise<OffscreenCanvas>;
  /** Where the person is in a raw frame; kept once it is known. */
  matte(index: number, frame: ImageBitmap): Promise<ImageBitmap | null>;
}

export class Compositor {
  readonly #film: Film;
  readonly #parts: ComposerParts;
  #panels: PanelLayout | null = null;

  constructor(film: Film, parts: ComposerParts) {
    this.#film = film;
    this.#parts = parts;
  }

  /** Of what is composed in this layout. */
  size({ layout }: Pick<View, 'layout'>): Size {
    const { width, height } = this.#film.motion.size;
    return layout === 'result' ? { width, height } : { width: 3 * width + 2 * GAP, height };
  }

  async compose(frame: ImageBitmap, index: number, view: View): Promise<OffscreenCanvas> {
    const pose = this.#film.motion.poses[index];
    if (!pose) throw new Error(`The film has no frame ${index + 1}.`);
    const painted = await this.#withBackground(frame, index, pose, view);
    const [canvas, context] = canvasOf(this.size(view), { alpha: true });
    context.drawImage(
      view.layout === 'result'
        ? painted
        : (await this.#layPanels()).draw([await this.#parts.ground(), drawPose(pose), painted]),
      0,
      0,
    );
    if (view.visibleMark) mark(context, canvas);
    return canvas;
  }

  async #withBackground(
    frame: ImageBitmap,
    index: number,
    pose: Pose,
    { background, plainColour }: View,
  ): Promise<ImageBitmap | OffscreenCanvas> {
    if (background === 'photo') return frame;
    const [canvas, context] = canvasOf(frame);
    if (background === 'still') {
      context.drawImage(frame, 0, 0);
      // The photo's own background has a hole where its person stands.
      const holes = [this.#film.motion.referencePose, pose];
      context.drawImage(steadyMask(await this.#parts.ground(), holes), 0, 0);
      return canvas;
    }
    const matte = await this.#parts.matte(index, frame);
    context.drawImage(matte ?? bodyShape(this.#film.motion.size, [pose]), 0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = 'source-in';
    context.drawImage(frame, 0, 0);
    if (background === 'none') return canvas;
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = plainColour;
    context.fillRect(0, 0, canvas.width, canvas.height);
    return canvas;
  }

  async #layPanels(): Promise<PanelLayout> {
    const { PanelLayout } = await media();
    const { size } = this.#film.motion;
    this.#panels ??= new PanelLayout([size, size, size], {
      height: size.height,
      gap: GAP,
      ground: PANEL_GROUND,
    });
    return this.#panels;
  }
}

/**
 * The person of a raw frame as a shape. Only what lies where the pose has body counts: an outline may also take in a
 * lamp behind the head.
 */
export async function matteOf(
  people: readonly Outlined[],
  pose: Pose,
  size: Size,
): Promise<OffscreenCanvas | null> {
  const person = nearest(people, pose);
  if (!person) return null;
  const canvas = bodyShape(size, [pose], MATTE_ROOM);
  const context = canvas.getContext('2d');
  if (context) await keepInside(context, person.outline);
  return canvas;
}

/** Hair, hands and wide clothes lie this much further out than what is taken for body. */
const MATTE_ROOM = 1.8;

function mark(context: OffscreenCanvasRenderingContext2D, { width, height }: Size): void {
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
