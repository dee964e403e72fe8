import type { Pose } from '../pose/types.ts';
import { type Distance, distanceTo, moveOfWhole, movesOf, outlines, STILL } from './moves.ts';
import { type Planes, planesOf, type Size, stacked } from './planes.ts';
import { resized } from './resample.ts';
import { warp } from './warp.ts';

/** Pixels a side of the mover's finest cells. */
const CELL = 4;

/** What the mover is told of a frame beside its skeleton. Places are shares of the photo's sides, a cell each. */
export interface Told {
  /**
   * Where each cell comes from by the poses alone: if it belongs to the nearest limb or the head, to the torso, or to a
   * body that moved as one piece. And the same four times as coarse.
   */
  readonly limbs: Planes;
  readonly torso: Planes;
  readonly whole: Planes;
  readonly limbs3: Planes;
  readonly torso3: Planes;
  readonly whole3: Planes;
  /** How near both persons are, the three moves, and the photo and its outline read through each. */
  readonly told: Planes;
}

/** The middles of the cells of a grid, as shares. */
export function placesOf(size: Size): Planes {
  const { width, height } = size;
  const places = planesOf(size, 2);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      places.data[i] = (x + 0.5) / width;
      places.data[width * height + i] = (y + 0.5) / height;
    }
  }
  return places;
}

/** training/layers/mover.py's `guides` and training/layers/batches.py's `sources_by_guides` compute the same. */
export class Teller {
  readonly #reference: Pose;
  readonly #cells: Size;
  readonly #small: Planes;
  readonly #here: Planes;
  readonly #nearReference: Float32Array;

  /** The photo and its outline as four planes, and the photo's pose: both of the mover's size. */
  constructor(pictures: Planes, reference: Pose) {
    this.#reference = reference;
    this.#cells = { width: pictures.width / CELL, height: pictures.height / CELL };
    this.#small = resized(pictures, this.#cells);
    this.#here = placesOf(this.#cells);
    const distances = outlines(reference).map(distanceTo);
    this.#nearReference = new Float32Array(this.#cells.width * this.#cells.height);
    this.#eachCell((i, x, y) => {
      this.#nearReference[i] = Math.exp(-least(distances, x, y));
    });
  }

  /** The cells' middles, level 1. */
  get here(): Planes {
    return this.#here;
  }

  /** `target` is of the mover's size. */
  tell(target: Pose): Told {
    const { width, height } = this.#cells;
    const count = width * height;
    const lines = outlines(target);
    const moves = movesOf(target, this.#reference);
    const ofTorso = moves.get('torso') ?? STILL;
    const distances = lines.map(distanceTo);
    const pieces = lines.map(({ part }) => (part === 'torso' ? undefined : moves.get(part)));
    const near = planesOf(this.#cells, 2);
    near.data.set(this.#nearReference, count);
    const ofWhole = moveOfWhole(target, this.#reference);
    const sources = [0, 1, 2].map(() => planesOf(this.#cells, 2));
    const [limbs, torso, whole] = sources as [Planes, Planes, Planes];
    this.#eachCell((i, x, y) => {
      near.data[i] = Math.exp(-least(distances, x, y));
      let nearest = Infinity;
      let follows = STILL;
      pieces.forEach((piece, part) => {
        const away = piece === undefined ? Infinity : (distances[part] as Distance)(x, y);
        if (piece === undefined || away >= nearest) return;
        nearest = away;
        follows = piece;
      });
      for (const [places, { xx, xy, yx, yy, dx, dy }] of [
        [limbs, follows],
        [torso, ofTorso],
        [whole, ofWhole],
      ] as const) {
        places.data[i] = (xx * x + xy * y + dx) / (width * CELL);
        places.data[count + i] = (yx * x + yy * y + dy) / (height * CELL);
      }
    });
    const coarse = (places: Planes) => resized(places, { width: width / 4, height: height / 4 });
    return {
      limbs,
      torso,
      whole,
      limbs3: coarse(limbs),
      torso3: coarse(torso),
      whole3: coarse(whole),
      told: stacked(
        near,
        ...sources.map((places) => this.#moveOf(places)),
        ...sources.map((places) => warp(this.#small, places)),
      ),
    };
  }

  #moveOf(places: Planes): Planes {
    return planesOf(
      places,
      2,
      places.data.map((place, i) => place - (this.#here.data[i] as number)),
    );
  }

  /** With the middle of each cell in pixels. */
  #eachCell(visit: (cell: number, x: number, y: number) => void): void {
    const { width, height } = this.#cells;
    for (let row = 0, i = 0; row < height; row++) {
      for (let column = 0; column < width; column++, i++) visit(i, (column + 0.5) * CELL, (row + 0.5) * CELL);
    }
  }
}

function least(distances: readonly Distance[], x: number, y: number): number {
  let smallest = Infinity;
  for (const distance of distances) smallest = Math.min(smallest, distance(x, y));
  return smallest;
}
