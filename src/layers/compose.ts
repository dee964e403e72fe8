import { type Planes, planesOf } from './planes.ts';

/** Channels of the layers, of which each has one plane or more. */
const MOVE_X = 0;
const MOVE_Y = 1;
const OUTLINE = 2;
const SEEN = 3;
const SHADOW = 4;
const PAINT = 5;

/** How much steeper the outline's edge is made, over how much larger the picture is. */
const STEEPNESS = 0.6;
/** An outline within this of 0 or 1 is believed; from there on the moved matte counts, wholly after an eighth more. */
const SURE = 0.03;
const BAND = 8;
/** The photo counts wholly from this much of the matte on. */
const HALF = 2;

export interface Layers {
  /** The mover's: move (2, shares of the sides), outline, seen, shadow, paint (3). */
  readonly layers: Planes;
  /** The person's colours, free of the place's, and the matte. */
  readonly person: Planes;
  /** The place without the person. */
  readonly plate: Planes;
  /** A painted frame, for what the photo does not show; without it the mover's paint is taken. */
  readonly frame?: Planes | undefined;
}

/**
 * The picture, in [-1, 1], at the plate's size: the place in the person's shadow, over it the person: the photo read through
 * the flow where it shows them, a painted frame elsewhere. shaders/compose.wgsl computes the same.
 */
export function compose({ layers, person, plate, frame }: Layers): Planes {
  const { width, height } = plate;
  const result = planesOf(plate, 3);
  const count = width * height;
  const steepness = Math.max(1, (STEEPNESS * height) / layers.height);
  const rows = new Rows(layers, plate);
  const painted = frame === undefined ? undefined : new Rows(frame, plate);
  const { values, left, right, share } = rows;
  const { width: across, height: down, data } = person;
  const all = across * down;
  const ground = plate.data;
  const out = result.data;
  const step = layers.width;
  // One long loop without calls but of what is inlined: a frame has hundreds of thousands of pixels.
  for (let y = 0, i = 0; y < height; y++) {
    rows.read(y);
    painted?.read(y);
    for (let x = 0; x < width; x++, i++) {
      const near = left[x] as number;
      const far = right[x] as number;
      const part = share[x] as number;
      const outline = between(values, OUTLINE * step, near, far, part);
      const shadow = between(values, SHADOW * step, near, far, part);
      const edge = held((outline - 0.5) * steepness + 0.5, 1);
      if (edge === 0 && outline <= SURE) {
        out[i] = ((ground[i] as number) + 1) * shadow - 1;
        out[i + count] = ((ground[i + count] as number) + 1) * shadow - 1;
        out[i + 2 * count] = ((ground[i + 2 * count] as number) + 1) * shadow - 1;
        continue;
      }
      const seen = between(values, SEEN * step, near, far, part);
      // Where it lies in the photo.
      const shareX = (x + 0.5) / width + between(values, MOVE_X * step, near, far, part);
      const shareY = (y + 0.5) / height + between(values, MOVE_Y * step, near, far, part);
      const px = held(shareX * across - 0.5, across - 1);
      const py = held(shareY * down - 0.5, down - 1);
      const column = px | 0;
      const line = py | 0;
      const fx = px - column;
      const fy = py - line;
      const one = line * across + column;
      const beside = column < across - 1 ? one + 1 : one;
      const toBelow = line < down - 1 ? across : 0;
      const matte = corners(data, 3 * all + one, 3 * all + beside, toBelow, fx, fy);
      const doubt = held((Math.min(outline, 1 - outline) - SURE) * BAND, 1);
      const alpha = edge + seen * doubt * (matte - edge);
      const shown = seen * held(HALF * matte, 1);
      for (let channel = 0; channel < 3; channel++) {
        const other =
          painted === undefined
            ? between(values, (PAINT + channel) * step, near, far, part)
            : painted.at(channel, x);
        const photo = corners(data, channel * all + one, channel * all + beside, toBelow, fx, fy);
        const k = channel * count + i;
        const place = ((ground[k] as number) + 1) * shadow - 1;
        out[k] = place + alpha * (other + shown * (photo - other) - place);
      }
    }
  }
  return result;
}

/** Of a row, between two of its values. */
function between(row: Float32Array, from: number, near: number, far: number, share: number): number {
  const one = row[from + near] as number;
  return one + share * ((row[from + far] as number) - one);
}

/** Between four neighbours. */
function corners(
  data: Float32Array,
  one: number,
  beside: number,
  toBelow: number,
  fx: number,
  fy: number,
): number {
  const first = data[one] as number;
  const upper = first + fx * ((data[beside] as number) - first);
  const second = data[one + toBelow] as number;
  const lower = second + fx * ((data[beside + toBelow] as number) - second);
  return upper + fy * (lower - upper);
}

const held = (value: number, most: number): number => (value < 0 ? 0 : value > most ? most : value);

/** Rows of a picture that is enlarged: already mixed from above and below, to be mixed from left and right. */
class Rows {
  readonly values: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly share: Float32Array;
  readonly #picture: Planes;
  readonly #height: number;

  constructor(picture: Planes, { width, height }: { width: number; height: number }) {
    this.#picture = picture;
    this.#height = height;
    this.values = new Float32Array(picture.channels * picture.width);
    this.left = new Int32Array(width);
    this.right = new Int32Array(width);
    this.share = new Float32Array(width);
    for (let x = 0; x < width; x++) {
      const place = held(((x + 0.5) * picture.width) / width - 0.5, picture.width - 1);
      this.left[x] = Math.floor(place);
      this.right[x] = Math.min(Math.floor(place) + 1, picture.width - 1);
      this.share[x] = place - Math.floor(place);
    }
  }

  read(y: number): void {
    const { width, height, channels, data } = this.#picture;
    const place = held(((y + 0.5) * height) / this.#height - 0.5, height - 1);
    const top = Math.floor(place);
    const bottom = Math.min(top + 1, height - 1);
    const share = place - top;
    for (let channel = 0, i = 0; channel < channels; channel++) {
      const above = (channel * height + top) * width;
      const below = (channel * height + bottom) * width;
      for (let x = 0; x < width; x++, i++) {
        const one = data[above + x] as number;
        this.values[i] = one + share * ((data[below + x] as number) - one);
      }
    }
  }

  at(channel: number, x: number): number {
    const from = channel * this.#picture.width;
    const one = this.values[from + (this.left[x] as number)] as number;
    const other = this.values[from + (this.right[x] as number)] as number;
    return one + (this.share[x] as number) * (other - one);
  }
}
