import {
  type Distance,
  distanceTo,
  type Line,
  type Move,
  movesOf,
  outlines,
  STILL,
} from '../layers/moves.ts';
import type { Pose } from '../pose/types.ts';
import type { Size } from './fit.ts';

/**
 * What the retoucher is shown beside a frame: the photo, moved to where the frame's pose says that its parts have gone.
 * The torso moves as one piece by the affine map that takes its length and breadth along; each limb and the head move as
 * pieces of their own, and a pixel follows the nearest of them. training/scd/guides.py computes the same.
 */
export class Guides {
  readonly #photo: Float32Array;
  readonly #size: Size;
  readonly #reference: Pose;
  readonly #nearReference: Float32Array;

  /** `photo`: planes of the photo, and its pose, both of this size. */
  constructor(photo: Float32Array, reference: Pose, size: Size) {
    this.#photo = photo;
    this.#size = size;
    this.#reference = reference;
    this.#nearReference = nearness(outlines(reference), size);
  }

  /** Planes for a frame of another pose. */
  for(target: Pose): { torso: Float32Array; limbs: Float32Array; nearness: Float32Array } {
    const { width, height } = this.#size;
    const count = width * height;
    const [torso, limbs] = [new Float32Array(3 * count), new Float32Array(3 * count)];
    const near = new Float32Array(2 * count);
    near.set(this.#nearReference, count);
    const lines = outlines(target);
    const moves = movesOf(target, this.#reference);
    const ofTorso = moves.get('torso') ?? STILL;
    const pieces = lines.map(({ part }) => (part === 'torso' ? undefined : moves.get(part)));
    const distances = lines.map(distanceTo);
    for (let row = 0, i = 0; row < height; row++) {
      // Pixel centres lie at half-integers.
      const y = row + 0.5;
      for (let column = 0; column < width; column++, i++) {
        const x = column + 0.5;
        let least = Infinity;
        let leastMoved = Infinity;
        let follows = STILL;
        for (let part = 0; part < distances.length; part++) {
          const away = (distances[part] as Distance)(x, y);
          if (away < least) least = away;
          const piece = pieces[part];
          if (piece !== undefined && away < leastMoved) {
            leastMoved = away;
            follows = piece;
          }
        }
        near[i] = Math.exp(-least);
        this.#read(torso, i, ofTorso, x, y);
        this.#read(limbs, i, follows, x, y);
      }
    }
    return { torso, limbs, nearness: near };
  }

  /** Bilinear; beyond the edge lies the edge's colour. */
  #read(to: Float32Array, at: number, { xx, xy, yx, yy, dx, dy }: Move, x: number, y: number): void {
    const photo = this.#photo;
    const { width, height } = this.#size;
    const px = Math.min(width - 1, Math.max(0, xx * x + xy * y + dx - 0.5));
    const py = Math.min(height - 1, Math.max(0, yx * x + yy * y + dy - 0.5));
    const left = Math.floor(px);
    const top = Math.floor(py);
    const fx = px - left;
    const fy = py - top;
    const right = left < width - 1 ? 1 : 0;
    const below = top < height - 1 ? width : 0;
    const count = width * height;
    for (let plane = 0; plane < 3 * count; plane += count) {
      const from = plane + top * width + left;
      const under = from + below;
      const upper = (photo[from] as number) * (1 - fx) + (photo[from + right] as number) * fx;
      const lower = (photo[under] as number) * (1 - fx) + (photo[under + right] as number) * fx;
      to[plane + at] = upper * (1 - fy) + lower * fy;
    }
  }
}

function nearness(lines: readonly Line[], { width, height }: Size): Float32Array {
  const distances = lines.map(distanceTo);
  return Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
    return Math.exp(-Math.min(...distances.map((distanceAt) => distanceAt(x, y))));
  });
}
