import { NoOutlineError } from '../pose/errors.ts';
import type { Pose } from '../pose/types.ts';
import type { PhotoChoice } from './choices.ts';
import { type Framing, frameAround, frameImage, framePose, personBox } from './framing.ts';
import { outlinePeople } from './people.ts';
import type { Settings, Size } from './settings.ts';

export type BackgroundChoice = Pick<Settings, 'background' | 'plainColour'>;

export interface FramedPhoto {
  readonly framing: Framing;
  readonly canvas: OffscreenCanvas;
  readonly pose: Pose;
}

/** A photo in the result's frame, before the background that was chosen. */
export async function framePhoto(
  photo: PhotoChoice,
  size: Size,
  background: BackgroundChoice,
): Promise<FramedPhoto> {
  const framing = frameAround(photo.image, personBox(photo.pose), size);
  return {
    framing,
    canvas: await frameGround(photo, framing, size, background),
    pose: framePose(photo.pose, framing, size),
  };
}

export async function frameGround(
  photo: PhotoChoice,
  framing: Framing,
  size: Size,
  { background, plainColour }: BackgroundChoice,
): Promise<OffscreenCanvas> {
  if (background !== 'plain') return frameImage(photo.image, framing, size);
  const person = await cutOut(photo);
  const canvas = plainGround(size, plainColour);
  const context = contextOf(canvas);
  context.imageSmoothingQuality = 'high';
  const { scale, x, y } = framing;
  context.drawImage(person, x, y, person.width * scale, person.height * scale);
  return canvas;
}

export function plainGround({ width, height }: Size, colour: string): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas);
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
  return canvas;
}

/** By photo, and in it by person: outlines take about a second to find. */
const cuts = new WeakMap<ImageBitmap, Map<number, Promise<OffscreenCanvas>>>();

/** The photo's chosen person, with nothing around them. */
function cutOut(photo: PhotoChoice): Promise<OffscreenCanvas> {
  const ofPhoto = cuts.get(photo.image) ?? new Map<number, Promise<OffscreenCanvas>>();
  cuts.set(photo.image, ofPhoto);
  const known = ofPhoto.get(photo.person);
  if (known) return known;
  const cutting = cut(photo);
  ofPhoto.set(photo.person, cutting);
  // A cut that failed is tried again.
  cutting.catch(() => ofPhoto.delete(photo.person));
  return cutting;
}

async function cut({ image, person }: PhotoChoice): Promise<OffscreenCanvas> {
  // The same networks found the photo's people, so these come in the same order.
  const people = await outlinePeople(image);
  const outline = people[person]?.outline;
  if (!outline) throw new NoOutlineError();
  const mask = new ImageData(outline.width, outline.height);
  outline.alpha.forEach((alpha, pixel) => {
    mask.data[pixel * 4 + 3] = alpha;
  });
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = contextOf(canvas);
  context.drawImage(image, 0, 0);
  context.globalCompositeOperation = 'destination-in';
  context.imageSmoothingQuality = 'high';
  const shape = await createImageBitmap(mask);
  context.drawImage(shape, 0, 0, image.width, image.height);
  shape.close();
  return canvas;
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser cannot draw on a canvas.');
  return context;
}
