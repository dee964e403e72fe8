import { type Pose, paintSkeleton } from '../pose/index.ts';

const GROUND = 'rgb(13 11 10)';

/** The skeleton as a picture, for layouts that show it beside the result. */
export function drawPose(pose: Pose): OffscreenCanvas {
  const canvas = new OffscreenCanvas(pose.width, pose.height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser cannot draw on a canvas.');
  context.fillStyle = GROUND;
  context.fillRect(0, 0, canvas.width, canvas.height);
  paintSkeleton(context, pose);
  return canvas;
}
