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
  const row = rows.values;
  const painted = frame === undefined ? undefined : new Rows(frame, plate);
  const [ground, out] = [plate.data, result.data];
  for (let y = 0, i = 0; y < height; y++) {
    rows.read(y);
    painted?.read(y);
    for (let x = 0; x < width; x++, i++) {
      const at = rows.left[x] as number;
      const to = rows.right[x] as number;
      const share = rows.share[x] as number;
      const value = (channel: number): number => {
        const from = channel * layers.width;
        const one = row[from + at] as number;
        return one + share * ((row[from + to] as number) - one);
      };
      const outline = value(OUTLINE);
      const shadow = value(SHADOW);
      if (outline <= SURE && (outline - 0.5) * steepness <= -0.5) {
        for (let k = i; k < 3 * count; k += count) out[k] = ((ground[k] as number) + 1) * shadow - 1;
        continue;
      }
      const seen = value(SEEN);
      // Where it lies in the photo.
      const px = held(((x + 0.5) / width + value(MOVE_X)) * person.width - 0.5, person.width - 1);
      const py = held(((y + 0.5) / height + value(MOVE_Y)) * person.height - 0.5, person.height - 1);
      const corner = Math.floor(py) * person.width + Math.floor(px);
      const right = px < person.width - 1 ? 1 : 0;
      const below = py < person.height - 1 ? person.width : 0;
      const fx = px - Math.floor(px);
      const fy = py - Math.floor(py);
      const read = (channel: number): number => {
        const from = channel * person.width * person.height + corner;
        const { data } = person;
        const upper = (data[from] as number) + fx * ((data[from + right] as number) - (data[from] as number));
        const under = from + below;
        const lower =
          (data[under] as number) + fx * ((data[under + right] as number) - (data[under] as number));
        return upper + fy * (lower - upper);
      };
      const matte = read(3);
      const edge = held((outline - 0.5) * steepness + 0.5, 1);
      const doubt = held((Math.min(outline, 1 - outline) - SURE) * BAND, 1);
      const alpha = edge + seen * doubt * (matte - edge);
      const shown = seen * held(HALF * matte, 1);
      for (let channel = 0; channel < 3; channel++) {
        const k = channel * count + i;
        const other = painted === undefined ? value(PAINT + channel) : painted.at(channel, x);
        const colour = other + shown * (read(channel) - other);
        const place = ((ground[k] as number) + 1) * shadow - 1;
        out[k] = place + alpha * (colour - place);
      }
    }
  }
  return result;
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
