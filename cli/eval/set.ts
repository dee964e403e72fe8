import { fitPose, placeInside, type Size } from '../../src/engine/fit.ts';
import type { Picture } from '../../src/metrics/picture.ts';
import type { Pose } from '../../src/pose/types.ts';
import { personMask } from './limbs.ts';

/** A joint without `seen` is seen; one that is null is not. */
type Joints = readonly (readonly [x: number, y: number, seen?: number] | null)[];

/** An entry of pairs.json: a person, and the same person in another pose. Joints are OpenPose-18 in pixels. */
export interface PairEntry {
  readonly reference: string;
  readonly referenceJoints: Joints;
  readonly target: string;
  readonly targetJoints: Joints;
  /** White where the target's person is; without it, what the joints say. */
  readonly mask?: string;
}

/** An entry of clips.json: poses to animate a person with, and where the background stays still in all of them. */
export interface ClipEntry {
  readonly reference: string;
  readonly referenceJoints: Joints;
  readonly joints: readonly Joints[];
  readonly still: string;
}

export interface Pair {
  readonly reference: { readonly image: ImageBitmap; readonly pose: Pose };
  readonly target: { readonly image: ImageBitmap; readonly pose: Pose };
  readonly mask: Uint8Array;
}

export interface Clip {
  readonly reference: { readonly image: ImageBitmap; readonly pose: Pose };
  readonly poses: readonly Pose[];
  readonly still: Uint8Array;
}

/** A set of pairs and clips below an address, every picture brought to one size as the engine brings references. */
export class EvaluationSet {
  readonly #url: string;
  readonly #size: Size;

  constructor(url: string, size: Size) {
    this.#url = url;
    this.#size = size;
  }

  async entries<T>(file: string): Promise<readonly T[]> {
    const response = await fetch(this.#url + file);
    return response.ok ? response.json() : [];
  }

  async pair(entry: PairEntry): Promise<Pair> {
    const target = await this.#person(entry.target, entry.targetJoints);
    return {
      reference: await this.#person(entry.reference, entry.referenceJoints),
      target,
      mask: entry.mask === undefined ? personMask(target.pose) : await this.#mask(entry.mask),
    };
  }

  async clip(entry: ClipEntry): Promise<Clip> {
    const picture = await this.#picture(entry.reference);
    return {
      reference: await this.#person(entry.reference, entry.referenceJoints),
      poses: entry.joints.map((joints) => fitPose(poseOf(joints, picture), this.#size)),
      still: await this.#mask(entry.still),
    };
  }

  async #person(file: string, joints: Joints): Promise<{ image: ImageBitmap; pose: Pose }> {
    const picture = await this.#picture(file);
    return { image: picture, pose: fitPose(poseOf(joints, picture), this.#size) };
  }

  async #mask(file: string): Promise<Uint8Array> {
    const { data } = placed(await this.#picture(file), this.#size);
    return Uint8Array.from({ length: data.length / 4 }, (_, i) => ((data[4 * i] as number) > 127 ? 255 : 0));
  }

  async #picture(file: string): Promise<ImageBitmap> {
    const response = await fetch(this.#url + file);
    if (!response.ok) throw new Error(`The set has no ${file}.`);
    return createImageBitmap(await response.blob());
  }
}

function poseOf(joints: Joints, { width, height }: Size): Pose {
  const flat = joints.flatMap((joint) => (joint ? [joint[0], joint[1], joint[2] ?? 1] : [0, 0, 0]));
  return { width, height, joints: Float32Array.from(flat) };
}

/** A picture's pixels, placed inside a frame with black around it. */
export function placed(image: ImageBitmap, { width, height }: Size): Picture {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('This browser gives no canvas to draw on.');
  context.imageSmoothingQuality = 'high';
  context.fillRect(0, 0, width, height);
  const { scale, x, y } = placeInside(image, { width, height });
  context.drawImage(image, x, y, image.width * scale, image.height * scale);
  return context.getImageData(0, 0, width, height);
}
