import { drawSkeleton } from '../pose/skeleton.ts';
import type { Pose } from '../pose/types.ts';

const STYLE = { limbWidth: 6, jointRadius: 7 };

/** The skeleton as a picture, for layouts that show it beside the result. */
export function drawPose(pose: Pose): OffscreenCanvas {
  const rgb = drawSkeleton(pose, STYLE);
  const picture = new ImageData(pose.width, pose.height);
  for (let pixel = 0; pixel < pose.width * pose.height; pixel++) {
    picture.data.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    picture.data[pixel * 4 + 3] = 255;
  }
  const canvas = new OffscreenCanvas(pose.width, pose.height);
  canvas.getContext('2d')?.putImageData(picture, 0, 0);
  return canvas;
}
