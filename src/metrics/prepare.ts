import { I3D_SIZE } from '../onnx/judges/i3d.ts';
import { INCEPTION_SIZE } from '../onnx/judges/inception.ts';
import { RESNET3D_SIZE } from '../onnx/judges/resnet3d.ts';
import { expectSameSize, type Picture } from './picture.ts';
import { type Planes, resizeBicubic, resizeBilinear } from './resize.ts';

/** What each judging network is shown: exactly what the evaluations that made its measure known show it. */

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** Frames of one clip: as many as the networks of clips look at, in DisCo's evaluation. */
export const CLIP_FRAMES = 16;

/** Red, green and blue, 0..255, over all the clip that the 3D ResNet was trained on. */
const MEAN_COLOUR = [114.7748, 107.7354, 99.475] as const;

/** LPIPS: at their own size, in [-1, 1], one over the other. */
export function prepareForLpips(one: Picture, other: Picture): Tensor {
  expectSameSize(one, other);
  const { width, height } = one;
  const values = new Float32Array(6 * width * height);
  [one, other].forEach((picture, i) => {
    values.set(planesOf(picture).values, i * 3 * width * height);
  });
  return { shape: [2, 3, height, width], values: values.map((value) => value / 127.5 - 1) };
}

/** FID: to 299x299 by two neighbours each way, as pytorch-fid does inside its network, then to [-1, 1]. */
export function prepareForInception(picture: Picture): Tensor {
  const planes = planesOf(picture);
  const unit = { ...planes, values: planes.values.map((value) => value / 255) };
  const { values } = resizeBilinear(unit, { width: INCEPTION_SIZE, height: INCEPTION_SIZE });
  return {
    shape: [1, 3, INCEPTION_SIZE, INCEPTION_SIZE],
    values: values.map((value) => 2 * value - 1),
  };
}

/** FVD: every frame squeezed to 224x224 by Pillow's bicubic filter, to [-1, 1] and a little beyond. */
export function prepareForI3d(frames: readonly Picture[]): Tensor {
  return clipOf(frames, I3D_SIZE, (value) => value / 127.5 - 1);
}

/** FID-VID: every frame squeezed to 112x112 the same way, less the mean colour, not divided by anything. */
export function prepareForResnet3d(frames: readonly Picture[]): Tensor {
  return clipOf(frames, RESNET3D_SIZE, (value, channel) => value - (MEAN_COLOUR[channel] as number));
}

function clipOf(
  frames: readonly Picture[],
  side: number,
  scale: (value: number, channel: number) => number,
): Tensor {
  const area = side * side;
  const values = new Float32Array(3 * frames.length * area);
  frames.forEach((frame, time) => {
    const resized = resizeBicubic(planesOf(frame), { width: side, height: side }).values;
    for (let channel = 0; channel < 3; channel++) {
      const place = (channel * frames.length + time) * area;
      for (let i = 0; i < area; i++)
        values[place + i] = scale(resized[channel * area + i] as number, channel);
    }
  });
  return { shape: [1, 3, frames.length, side, side], values };
}

/** A picture's three colours, 0..255. */
function planesOf({ width, height, data }: Picture): Planes {
  const area = width * height;
  const values = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++)
      values[channel * area + i] = data[4 * i + channel] as number;
  }
  return { count: 3, width, height, values };
}
