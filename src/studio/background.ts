import type { Reference } from '../engine/api.ts';
import { JOINT, jointX, jointY } from '../pose/body.ts';
import type { Outlined } from '../pose/detector.ts';
import { NoOutlineError } from '../pose/errors.ts';
import type { Pose } from '../pose/types.ts';
import { canvasOf } from './canvas.ts';
import { placePhoto } from './film.ts';
import { type Framing, frameImage } from './framing.ts';
import type { Settings, Size } from './settings.ts';
import type { Person, PoseFinder } from './sources.ts';

export type BackgroundChoice = Pick<Settings, 'background' | 'plainColour'>;

export interface FramedPhoto {
  readonly canvas: OffscreenCanvas;
  readonly pose: Pose;
}

/** Photos in the result's frame, with their own background or with one colour. */
export class Grounds {
  /** By photo, and in it by person: outlines take about a second to find. */
  readonly #cuts = new WeakMap<ImageBitmap, Map<number, Promise<OffscreenCanvas>>>();
  readonly #finder: Pick<PoseFinder, 'outline'>;

  constructor(finder: Pick<PoseFinder, 'outline'>) {
    this.#finder = finder;
  }

  async photo(photo: Person, size: Size, background: BackgroundChoice): Promise<FramedPhoto> {
    const { framing, pose } = placePhoto(photo.pose, size);
    return { canvas: await this.ground(photo, framing, size, background), pose };
  }

  /** The person's rough outline in a framed photo. */
  outline(picture: ImageBitmap, pose: Pose): Promise<Pick<Reference, 'outline'>> {
    return outlineIn(picture, pose, this.#finder);
  }

  async ground(
    photo: Person,
    framing: Framing,
    size: Size,
    { background, plainColour }: BackgroundChoice,
  ): Promise<OffscreenCanvas> {
    if (background !== 'plain') return frameImage(photo.image, framing, size);
    const person = await this.#cutOut(photo);
    const [canvas, context] = canvasOf(size);
    context.fillStyle = plainColour;
    context.fillRect(0, 0, size.width, size.height);
    context.imageSmoothingQuality = 'high';
    const { scale, x, y } = framing;
    context.drawImage(person, x, y, person.width * scale, person.height * scale);
    return canvas;
  }

  /** The photo's chosen person, with nothing around them. */
  #cutOut(photo: Person): Promise<OffscreenCanvas> {
    const ofPhoto = this.#cuts.get(photo.image) ?? new Map<number, Promise<OffscreenCanvas>>();
    this.#cuts.set(photo.image, ofPhoto);
    const known = ofPhoto.get(photo.person);
    if (known) return known;
    const cutting = this.#cut(photo);
    ofPhoto.set(photo.person, cutting);
    // A cut that failed is tried again.
    cutting.catch(() => ofPhoto.delete(photo.person));
    return cutting;
  }

  async #cut({ image, people, person, pose }: Person): Promise<OffscreenCanvas> {
    const found = nearest(await this.#finder.outline(image), people[person] ?? pose);
    if (!found) throw new NoOutlineError();
    const [canvas, context] = canvasOf(image);
    context.drawImage(image, 0, 0);
    await keepInside(context, found.outline);
    return canvas;
  }
}

/** A person's rough outline in a picture, as a reference has it. Without one the engine guesses by the joints. */
export async function outlineIn(
  picture: ImageBitmap,
  pose: Pose,
  finder: Pick<PoseFinder, 'outline'>,
): Promise<Pick<Reference, 'outline'>> {
  const people = await finder.outline(picture).catch(() => []);
  const found = nearest(people, pose);
  return found ? { outline: found.outline } : {};
}

/** Whoever's neck is nearest to this person's: two runs of the detector may find people in another order. */
export function nearest(people: readonly Outlined[], person: Pose): Outlined | undefined {
  const distance = ({ pose }: Outlined) =>
    Math.hypot(
      jointX(pose, JOINT.neck) / pose.width - jointX(person, JOINT.neck) / person.width,
      jointY(pose, JOINT.neck) / pose.height - jointY(person, JOINT.neck) / person.height,
    );
  const [first, ...others] = people;
  return others.reduce(
    (best, next) => (best && distance(next) < distance(best) ? next : best),
    first as Outlined | undefined,
  );
}

/** Clears all that lies outside of an outline, which is scaled to the canvas. */
export async function keepInside(
  context: OffscreenCanvasRenderingContext2D,
  outline: Outlined['outline'],
): Promise<void> {
  const mask = new ImageData(outline.width, outline.height);
  outline.alpha.forEach((alpha, pixel) => {
    mask.data[pixel * 4 + 3] = alpha;
  });
  const shape = await createImageBitmap(mask);
  context.globalCompositeOperation = 'destination-in';
  context.imageSmoothingQuality = 'high';
  context.drawImage(shape, 0, 0, context.canvas.width, context.canvas.height);
  context.globalCompositeOperation = 'source-over';
  shape.close();
}
