import { LIMBS } from '../pose/anatomy.ts';
import { isSeen, jointX, jointY } from '../pose/body.ts';
import type { Pose } from '../pose/types.ts';
import { canvasOf } from './canvas.ts';
import { personBox } from './framing.ts';
import type { Size } from './settings.ts';

/** Width of what is taken for body around a limb, over the person's height: clothes and hair reach far. */
const BODY_WIDTH = 0.24;
/** Neck to hips, and the shoulders' and hips' cross lines: the trunk is filled, not outlined. */
const TRUNK = [2, 5, 11, 8];
const HEAD = [0, 1, 14, 15, 16, 17];

/** The photo with soft holes where any of these poses may have body: laid over a frame, it holds the background still. */
export function steadyMask(ground: OffscreenCanvas, poses: readonly Pose[]): OffscreenCanvas {
  const [canvas, context] = canvasOf(ground);
  context.drawImage(ground, 0, 0);
  context.globalCompositeOperation = 'destination-out';
  for (const pose of poses) drawBody(context, pose);
  return canvas;
}

/** A soft shape of wherever these poses may have body; `room` widens it. */
export function bodyShape(size: Size, poses: readonly Pose[], room = 1): OffscreenCanvas {
  const [canvas, context] = canvasOf(size);
  for (const pose of poses) drawBody(context, pose, room);
  return canvas;
}

function drawBody(context: OffscreenCanvasRenderingContext2D, pose: Pose, room = 1): void {
  const { top, bottom } = personBox(pose);
  const width = (bottom - top) * BODY_WIDTH * room;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.filter = `blur(${Math.max(2, width / 8)}px)`;
  context.lineWidth = width;
  for (const [from, to] of LIMBS) line(context, pose, [from, to]);
  line(context, pose, TRUNK, true);
  context.lineWidth = width * 1.2;
  line(context, pose, HEAD);
  context.filter = 'none';
}

function line(
  context: OffscreenCanvasRenderingContext2D,
  pose: Pose,
  joints: readonly number[],
  fill = false,
): void {
  const seen = joints.filter((joint) => isSeen(pose, joint));
  if (seen.length < 2) return;
  context.beginPath();
  for (const joint of seen) context.lineTo(jointX(pose, joint), jointY(pose, joint));
  if (fill) {
    context.closePath();
    context.fill();
  }
  context.stroke();
}
