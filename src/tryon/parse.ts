import { boundingBox } from '../pose/body.ts';
import { drawSkeleton } from '../pose/skeleton.ts';
import type { Pose } from '../pose/types.ts';
import { LABELS, type LabelMap, labelShares, type Region } from './labels.ts';
import { type Mask, type Picture, resizePicture, sampleMask, samplePicture } from './picture.ts';

/** The side of the square that the parser looks at, in pixels. */
export const PARSED = 256;
/** As in training: a skeleton drawn in so many pixels of that square, on the scale of 512. */
const STYLE = { limbWidth: 12, jointRadius: 14 };
/** How much of what is around a person goes with them. */
const AROUND = 1.3;

export interface Numbers {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

/** The parser as a compiled network. */
export type RunParser = (
  inputs: Readonly<Record<string, Numbers>>,
) => Promise<Readonly<Record<string, Numbers>>>;

export interface Parsed {
  readonly labels: LabelMap;
  /** The joints that a body has there, or that a garment would hang on. */
  readonly pose: Pose;
}

/** What a picture shows: of a person by their pose and rough outline, of a garment on nobody by itself. */
export async function parse(run: RunParser, picture: Picture, pose?: Pose, outline?: Mask): Promise<Parsed> {
  const region = pose ? regionAround(pose, picture) : wholeOf(picture);
  const outputs = await run(inputsOf(picture, region, pose, outline));
  const [labels, joints] = [outputs.labels, outputs.joints];
  if (!labels || !joints) throw new Error('The parser gives no labels or joints.');
  const size = { width: labels.shape[3] ?? 0, height: labels.shape[2] ?? 0 };
  if (labels.shape[1] !== LABELS.length) throw new Error('The parser tells other labels apart.');
  return {
    labels: { ...labelShares(labels.data, size), region },
    pose: placesOf(joints, region, picture),
  };
}

function wholeOf({ width, height }: Picture): Region {
  const side = Math.max(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, side };
}

/** A square around the person, whose head reaches above the joints and whose feet below; no larger than the picture. */
function regionAround(pose: Pose, picture: Picture): Region {
  const box = boundingBox(pose);
  const whole = wholeOf(picture);
  if (!box) return whole;
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  const side = Math.min(whole.side, Math.max(64, AROUND * Math.max(width, 1.1 * height)));
  const centre = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 - 0.02 * height };
  // Not beyond the picture where it need not be: what repeats there was never a person.
  const held = (middle: number, length: number) =>
    side >= length ? (length - side) / 2 : Math.min(length - side, Math.max(0, middle - side / 2));
  return { x: held(centre.x, picture.width), y: held(centre.y, picture.height), side };
}

function inputsOf(picture: Picture, region: Region, pose?: Pose, outline?: Mask): Record<string, Numbers> {
  const count = PARSED * PARSED;
  const [photo, shape] = [new Float32Array(3 * count), new Float32Array(count)];
  const skeleton = new Float32Array(3 * count);
  const scale = region.side / PARSED;
  // Shrunk first, so that no detail is skipped.
  const shrink = Math.max(1, Math.floor(scale));
  const small = resizePicture(picture, {
    width: Math.max(1, Math.round(picture.width / shrink)),
    height: Math.max(1, Math.round(picture.height / shrink)),
  });
  const [sx, sy] = [small.width / picture.width, small.height / picture.height];
  const colour = new Float32Array(4);
  for (let row = 0, i = 0; row < PARSED; row++) {
    for (let column = 0; column < PARSED; column++, i++) {
      const [x, y] = [region.x + (column + 0.5) * scale, region.y + (row + 0.5) * scale];
      samplePicture(small, x * sx, y * sy, colour);
      for (let k = 0; k < 3; k++) photo[k * count + i] = (colour[k] as number) / 127.5 - 1;
      const isInside = x > 0 && y > 0 && x < picture.width && y < picture.height;
      if (outline && isInside) {
        shape[i] = sampleMask(
          outline,
          (x * outline.width) / picture.width,
          (y * outline.height) / picture.height,
        );
      }
    }
  }
  if (pose) {
    const joints = pose.joints.slice();
    for (let joint = 0; joint < joints.length; joint += 3) {
      joints[joint] = ((joints[joint] as number) - region.x) / scale;
      joints[joint + 1] = ((joints[joint + 1] as number) - region.y) / scale;
    }
    const drawn = drawSkeleton({ width: PARSED, height: PARSED, joints }, STYLE);
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < 3; k++) skeleton[k * count + i] = (drawn[3 * i + k] as number) / 255;
    }
  }
  const square = (data: Float32Array<ArrayBuffer>, channels: number): Numbers => ({
    data,
    shape: [1, channels, PARSED, PARSED],
  });
  return { photo: square(photo, 3), outline: square(shape, 1), skeleton: square(skeleton, 3) };
}

/** The network's joints: OpenPose's neck, shoulders to wrists, hips to ankles. */
const FIRST_JOINT = 1;

/** Each joint's place: the mean around its strongest cell. */
function placesOf({ data, shape }: Numbers, region: Region, picture: Picture): Pose {
  const [count, height, width] = [shape[1] ?? 0, shape[2] ?? 0, shape[3] ?? 0];
  const joints = new Float32Array(18 * 3);
  const cell = region.side / width;
  for (let joint = 0; joint < count; joint++) {
    const plane = data.subarray(joint * width * height, (joint + 1) * width * height);
    let best = 0;
    plane.forEach((value, i) => {
      if (value > (plane[best] as number)) best = i;
    });
    const [top, left] = [Math.floor(best / width), best % width];
    let [weight, x, y] = [0, 0, 0];
    for (let row = Math.max(0, top - 2); row <= Math.min(height - 1, top + 2); row++) {
      for (let column = Math.max(0, left - 2); column <= Math.min(width - 1, left + 2); column++) {
        const share = Math.exp((plane[row * width + column] as number) - (plane[best] as number));
        weight += share;
        x += share * (column + 0.5);
        y += share * (row + 0.5);
      }
    }
    joints.set(
      [region.x + (x / weight) * cell, region.y + (y / weight) * cell, 1],
      3 * (joint + FIRST_JOINT),
    );
  }
  return { width: picture.width, height: picture.height, joints };
}
