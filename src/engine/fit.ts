import { type Planes, planesOf } from '../layers/planes.ts';
import { resized } from '../layers/resample.ts';
import type { Pose } from '../pose/types.ts';
import type { Outline } from './api.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a picture lies in a frame of another shape: scaled as a whole, centred. */
export interface Placement {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export function placeInside(picture: Size, frame: Size): Placement {
  const scale = Math.min(frame.width / picture.width, frame.height / picture.height);
  return {
    scale,
    x: (frame.width - picture.width * scale) / 2,
    y: (frame.height - picture.height * scale) / 2,
  };
}

/** A pose moved with the picture that it was seen in. */
export function fitPose(pose: Pose, frame: Size): Pose {
  const { scale, x, y } = placeInside(pose, frame);
  const joints = pose.joints.slice();
  for (let i = 0; i < joints.length; i += 3) {
    joints[i] = (joints[i] as number) * scale + x;
    joints[i + 1] = (joints[i + 1] as number) * scale + y;
  }
  return { width: frame.width, height: frame.height, joints };
}

/** A pose in a picture that was scaled to another size, whatever its shape. */
export function stretchPose(pose: Pose, { width, height }: Size): Pose {
  const joints = pose.joints.slice();
  for (let i = 0; i < joints.length; i += 3) {
    joints[i] = ((joints[i] as number) * width) / pose.width;
    joints[i + 1] = ((joints[i + 1] as number) * height) / pose.height;
  }
  return { width, height, joints };
}

/**
 * The RGB bytes of a picture placed inside a frame. What it leaves free continues its outermost pixels: walls and
 * floors go on as walls and floors. The networks have never seen black bars, and a blurred copy of the picture would
 * show them the person twice.
 */
export function fitImage(image: ImageBitmap, frame: Size): Uint8Array {
  const { width, height } = frame;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('This browser gives no canvas to draw on.');
  context.imageSmoothingQuality = 'high';
  // A transparent picture stands on white, as it does in a viewer.
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  const { scale, x, y } = placeInside(image, frame);
  context.drawImage(image, x, y, image.width * scale, image.height * scale);
  extendEdges(context, frame, x, y);
  return withoutAlpha(context.getImageData(0, 0, width, height).data);
}

/** The outline of a person in a picture, where that picture lies in a frame; nothing of it is beyond the picture. */
export function fitOutline(outline: Outline, picture: Size, frame: Size): Planes {
  const { scale, x, y } = placeInside(picture, frame);
  const inside = {
    width: Math.min(frame.width, Math.round(picture.width * scale)),
    height: Math.min(frame.height, Math.round(picture.height * scale)),
  };
  const shares = Float32Array.from(outline.alpha, (alpha) => alpha / 255);
  const { data } = resized(planesOf(outline, 1, shares), inside);
  const placed = planesOf(frame, 1);
  const [left, top] = [Math.floor(x), Math.floor(y)];
  for (let row = 0; row < inside.height; row++) {
    const from = row * inside.width;
    placed.data.set(data.subarray(from, from + inside.width), (top + row) * frame.width + left);
  }
  return placed;
}

/** The placed picture touches two opposite sides of the frame; copies of its other outermost lines fill the rest. */
function extendEdges(
  context: OffscreenCanvasRenderingContext2D,
  { width, height }: Size,
  x: number,
  y: number,
): void {
  // The first whole line inside the picture: the one that the edge runs through is a mixture with the ground.
  const [left, top] = [Math.ceil(x), Math.ceil(y)];
  const { canvas } = context;
  context.imageSmoothingEnabled = false;
  if (left > 0) {
    context.drawImage(canvas, left, 0, 1, height, 0, 0, left, height);
    context.drawImage(canvas, width - left - 1, 0, 1, height, width - left, 0, left, height);
  }
  if (top > 0) {
    context.drawImage(canvas, 0, top, width, 1, 0, 0, width, top);
    context.drawImage(canvas, 0, height - top - 1, width, 1, 0, height - top, width, top);
  }
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    rgb[to++] = rgba[from] as number;
    rgb[to++] = rgba[from + 1] as number;
    rgb[to++] = rgba[from + 2] as number;
  }
  return rgb;
}
