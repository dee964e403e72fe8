import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COLOURS, LIMBS } from './anatomy.ts';
import { emptyPose, JOINT } from './body.ts';
import { drawSkeleton, OPENPOSE_STYLE } from './skeleton.ts';
import type { Pose, SkeletonStyle } from './types.ts';

function poseOf(size: number, joints: Partial<Record<keyof typeof JOINT, [number, number]>>): Pose {
  const pose = emptyPose(size, size);
  for (const [name, [x, y]] of Object.entries(joints)) {
    pose.joints.set([x, y, 1], JOINT[name as keyof typeof JOINT] * 3);
  }
  return pose;
}

const pixel = (image: Uint8Array, size: number, x: number, y: number) => [
  ...image.subarray((y * size + x) * 3, (y * size + x) * 3 + 3),
];

/** The algorithm as it is written down, over every pixel of the picture. */
function drawnByTheBook(pose: Pose, style: SkeletonStyle): Uint8Array {
  const { width, height, joints } = pose;
  const unit = Math.min(width, height) / 512;
  const canvas = new Float64Array(width * height * 3);
  const blend = (
    colour: readonly number[],
    brightness: number,
    distance: (x: number, y: number) => number,
  ) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const coverage = Math.min(Math.max(0.5 - distance(x + 0.5, y + 0.5), 0), 1);
        for (let c = 0; c < 3; c++) {
          const at = (y * width + x) * 3 + c;
          canvas[at] = canvas[at]! + (colour[c]! * brightness - canvas[at]!) * coverage;
        }
      }
    }
  };
  const [X, Y, S] = [0, 1, 2].map((k) => (joint: number) => joints[joint * 3 + k]!) as [
    (j: number) => number,
    (j: number) => number,
    (j: number) => number,
  ];
  LIMBS.forEach(([i, j], limb) => {
    if (!(S(i) > 0 && S(j) > 0)) return;
    const length = Math.sqrt((X(j) - X(i)) ** 2 + (Y(j) - Y(i)) ** 2);
    const b = style.limbWidth * unit;
    const a = Math.max(length / 2, b);
    const along = length === 0 ? [1, 0] : [(X(j) - X(i)) / length, (Y(j) - Y(i)) / length];
    blend(COLOURS[limb]!, 0.6, (x, y) => {
      const dx = x - (X(i) + X(j)) / 2;
      const dy = y - (Y(i) + Y(j)) / 2;
      const p = dx * along[0]! + dy * along[1]!;
      const q = dy * along[0]! - dx * along[1]!;
      const k = Math.sqrt((p / a) ** 2 + (q / b) ** 2);
      const g = Math.sqrt((p / (a * a)) ** 2 + (q / (b * b)) ** 2);
      return k === 0 ? -b : (k * (k - 1)) / g;
    });
  });
  for (let joint = 0; joint < 18; joint++) {
    if (!(S(joint) > 0)) continue;
    blend(
      COLOURS[joint]!,
      1,
      (x, y) => Math.sqrt((x - X(joint)) ** 2 + (y - Y(joint)) ** 2) - style.jointRadius * unit,
    );
  }
  return Uint8Array.from(canvas, (value) => Math.floor(value + 0.5));
}

describe('skeleton drawing', () => {
  it('draws a lone joint as a disc of its colour', () => {
    const image = drawSkeleton(poseOf(512, { nose: [100.5, 50.5] }), OPENPOSE_STYLE);
    expect(pixel(image, 512, 100, 50)).toEqual([255, 0, 0]);
    expect(pixel(image, 512, 103, 50)).toEqual([255, 0, 0]);
    expect(pixel(image, 512, 104, 50)).toEqual([128, 0, 0]);
    expect(pixel(image, 512, 105, 50)).toEqual([0, 0, 0]);
  });

  it('draws a limb only where both of its ends are seen, darker than the joints', () => {
    const joined = drawSkeleton(poseOf(512, { neck: [100, 100], rightShoulder: [200, 100] }), OPENPOSE_STYLE);
    expect(pixel(joined, 512, 150, 100)).toEqual([153, 0, 0]);
    const lone = drawSkeleton(poseOf(512, { neck: [100, 100] }), OPENPOSE_STYLE);
    expect(pixel(lone, 512, 150, 100)).toEqual([0, 0, 0]);
  });

  it('is black without a person', () => {
    expect(drawSkeleton(emptyPose(64, 64), OPENPOSE_STYLE).every((value) => value === 0)).toBe(true);
  });

  it.each([16, 33, 64, 128])('paints no other pixel at %i than the whole picture would show', (size) => {
    let seed = size;
    const random = () => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    for (let round = 0; round < 4; round++) {
      const pose = emptyPose(size, size + round * 5);
      for (let joint = 0; joint < 18; joint++) {
        const place = [random() * 1.4 - 0.2, random() * 1.4 - 0.2].map((share) => share * size);
        pose.joints.set([place[0]!, place[1]!, random() < 0.85 ? 1 : 0], joint * 3);
      }
      // Two joints at one place: a limb of no length.
      pose.joints.copyWithin(JOINT.rightElbow * 3, JOINT.rightShoulder * 3, JOINT.rightElbow * 3);
      const style = { limbWidth: 6, jointRadius: 7 };
      expect(Buffer.compare(drawSkeleton(pose, style), drawnByTheBook(pose, style))).toBe(0);
    }
  });
});

interface Vector {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly limbWidth: number;
  readonly jointRadius: number;
  readonly joints: readonly (readonly [number, number, number])[];
  readonly sha256: string;
  readonly pixels: readonly (readonly [number, number, number, number, number])[];
}

const VECTORS: Vector[] = JSON.parse(
  readFileSync(new URL('../../fixtures/skeleton/vectors.json', import.meta.url), 'utf8'),
);

describe('the pictures that the networks are trained on', () => {
  it.each(VECTORS.map((vector) => [vector.name, vector] as const))('are the same: %s', (_, vector) => {
    const { width, height, joints, pixels, sha256 } = vector;
    // The vectors' joints are float64; a pose's are float32, which would move a pixel here and there by one.
    const exact = Float64Array.from(joints.flat()) as unknown as Float32Array;
    const image = drawSkeleton({ width, height, joints: exact }, vector);
    for (const [x, y, ...colour] of pixels) expect(pixel(image, width, x, y)).toEqual(colour);
    expect(createHash('sha256').update(image).digest('hex')).toBe(sha256);
  });
});
