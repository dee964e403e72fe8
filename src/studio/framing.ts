import type { Pose } from '../pose/types.ts';
import { canvasOf } from './canvas.ts';
import type { Size } from './settings.ts';

/** Where a photo lies in the result's frame: photo pixels times `scale`, moved by `x` and `y`. */
export interface Framing {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The box of the seen joints with room for the top of the head, hands and feet, inside the photo. */
export function personBox(pose: Pose): Box {
  const xs: number[] = [];
  const ys: number[] = [];
  for (let joint = 0; joint < pose.joints.length; joint += 3) {
    if ((pose.joints[joint + 2] ?? 0) <= 0) continue;
    xs.push(pose.joints[joint] ?? 0);
    ys.push(pose.joints[joint + 1] ?? 0);
  }
  if (xs.length === 0) return { left: 0, top: 0, right: pose.width, bottom: pose.height };
  const room = (Math.max(...ys) - Math.min(...ys)) * 0.12;
  return {
    left: Math.max(0, Math.min(...xs) - room),
    top: Math.max(0, Math.min(...ys) - room),
    right: Math.min(pose.width, Math.max(...xs) + room),
    bottom: Math.min(pose.height, Math.max(...ys) + room),
  };
}

/** Fills the frame with the photo around its person; where that would cut the person, the whole photo is shown. */
export function frameAround(photo: Size, person: Box, frame: Size): Framing {
  const cover = Math.max(frame.width / photo.width, frame.height / photo.height);
  const personFits =
    (person.right - person.left) * cover <= frame.width + 1 &&
    (person.bottom - person.top) * cover <= frame.height + 1;
  const scale = personFits ? cover : Math.min(frame.width / photo.width, frame.height / photo.height);
  const place = (low: number, high: number, photoSide: number, frameSide: number) => {
    const slack = frameSide - photoSide * scale;
    if (slack >= 0) return slack / 2;
    const centred = frameSide / 2 - ((low + high) / 2) * scale;
    return Math.min(0, Math.max(slack, centred));
  };
  return {
    scale,
    x: place(person.left, person.right, photo.width, frame.width),
    y: place(person.top, person.bottom, photo.height, frame.height),
  };
}

/** The whole picture in the middle of the frame. */
export function frameWhole({ width, height }: Size, frame: Size): Framing {
  return frameAround({ width, height }, { left: 0, top: 0, right: width, bottom: height }, frame);
}

export function framePose(pose: Pose, framing: Framing, frame: Size): Pose {
  const joints = Float32Array.from(pose.joints);
  for (let joint = 0; joint < joints.length; joint += 3) {
    joints[joint] = (joints[joint] ?? 0) * framing.scale + framing.x;
    joints[joint + 1] = (joints[joint + 1] ?? 0) * framing.scale + framing.y;
  }
  return { ...frame, joints };
}

/** Draws the photo into the frame; what it leaves free is filled with a soft copy of itself in place of black bars. */
export function frameImage(image: ImageBitmap, framing: Framing, frame: Size): OffscreenCanvas {
  const [canvas, context] = canvasOf(frame, { alpha: false });
  context.imageSmoothingQuality = 'high';
  const width = image.width * framing.scale;
  const height = image.height * framing.scale;
  if (width < frame.width - 1 || height < frame.height - 1) {
    context.filter = `blur(${Math.round(Math.min(frame.width, frame.height) / 12)}px)`;
    context.drawImage(image, -frame.width * 0.1, -frame.height * 0.1, frame.width * 1.2, frame.height * 1.2);
    context.filter = 'none';
  }
  context.drawImage(image, framing.x, framing.y, width, height);
  return canvas;
}
