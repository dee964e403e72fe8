/** The two canvases of the live screen, painted as fast as frames come and never through React. */
import type { Look } from '../live/index.ts';
import { JOINT, jointX, jointY, type Point, type Pose, paintSkeleton } from '../pose/index.ts';
import { frameWhole } from '../studio/framing.ts';
import type { Size } from '../studio/settings.ts';

export class LiveView {
  /** What the camera gave last; it is shown together with the skeleton that was found in it. */
  readonly #taken = new OffscreenCanvas(1, 1);
  #screen: HTMLCanvasElement | null = null;
  #camera: HTMLCanvasElement | null = null;
  #size = { width: 1, height: 1 };
  #other: Pose | undefined;

  /** The canvas for the painted frames. */
  readonly screenRef = (canvas: HTMLCanvasElement | null): void => {
    this.#screen = canvas;
  };

  /** The canvas for the camera's picture. */
  readonly cameraRef = (canvas: HTMLCanvasElement | null): void => {
    this.#camera = canvas;
  };

  get screen(): HTMLCanvasElement | null {
    return this.#screen;
  }

  /** Where in the camera's picture somebody stands who is not followed. */
  get other(): Point | null {
    return this.#other ? neckOf(this.#other) : null;
  }

  /** The image is taken over. */
  show(image: ImageBitmap): void {
    const canvas = this.#screen;
    if (canvas === null) {
      image.close();
      return;
    }
    if (canvas.width !== image.width) canvas.width = image.width;
    if (canvas.height !== image.height) canvas.height = image.height;
    canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(image);
  }

  take(image: ImageBitmap): void {
    resize(this.#taken, image);
    this.#taken.getContext('2d', { alpha: false })?.drawImage(image, 0, 0);
  }

  look({ size, people, person }: Look): void {
    const context = this.#camera?.getContext('2d');
    if (!this.#camera || !context) return;
    this.#size = size;
    resize(this.#camera, size);
    context.drawImage(this.#taken, 0, 0);
    context.globalAlpha = 0.35;
    const others = people.filter((other) => !isSame(other, person));
    this.#other = others[0];
    for (const other of others) paintSkeleton(context, other);
    context.globalAlpha = 1;
    if (person) paintSkeleton(context, person);
  }

  /** A place on the camera's canvas, which shows its picture whole in a box of another shape, as a place in the picture. */
  pointAt({ x, y }: Point, box: Size): Point {
    const { scale, x: left, y: top } = frameWhole(this.#size, box);
    return { x: (x - left) / scale, y: (y - top) / scale };
  }
}

function resize(
  canvas: HTMLCanvasElement | OffscreenCanvas,
  { width, height }: { width: number; height: number },
) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** The followed person is a smoothed copy of one of those that were found. */
function isSame(other: Pose, person: Pose | undefined): boolean {
  if (person === undefined) return false;
  const [a, b] = [neckOf(other), neckOf(person)];
  return Math.hypot(a.x - b.x, a.y - b.y) < 0.12 * other.height;
}

const neckOf = (pose: Pose): Point => ({ x: jointX(pose, JOINT.neck), y: jointY(pose, JOINT.neck) });
