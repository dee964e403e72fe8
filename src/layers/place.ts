import { filled } from './fill.ts';
import { type Planes, planesOf, stacked } from './planes.ts';
import { resized } from './resample.ts';
import { plateSize } from './sizes.ts';

/** Pixels, of the plate's working size, by which the hole is wider than the matte. */
const MARGIN = 4;
/** Pixels, of the same size, from an outline's edge to where nothing of the person is in doubt. */
const DEEP = 5;
/** A matte from here on is a hole. */
const LITTLE = 0.1;
/** How much of the matte is known to be the person's own colour. */
const SURE_FROM = 0.6;
const SURE_AT = 0.95;

/** A matte without holes where the rough outline is far from its edge: there it knows better. */
export function closed(matte: Planes, outline: Planes): Planes {
  const size = plateSize(matte);
  const rough = resized(outline, size);
  const beyond = widened(
    planesOf(
      size,
      1,
      rough.data.map((value) => 1 - value),
    ),
    DEEP,
  );
  const deep = resized(
    planesOf(
      size,
      1,
      beyond.data.map((value) => 1 - value),
    ),
    matte,
  );
  return planesOf(
    matte,
    1,
    matte.data.map((value, i) => Math.max(value, deep.data[i] as number)),
  );
}

/** What the plate's network is shown of a photo, at its working size. */
export interface Opening {
  readonly picture: Planes;
  readonly hole: Planes;
}

/** The photo with its person's place filled from around. */
export function opening(photo: Planes, matte: Planes): Opening {
  const size = plateSize(photo);
  const hole = softened(softened(widened(resized(matte, size), MARGIN)));
  return { picture: filled(resized(photo, size), hole), hole };
}

/** The place at the photo's size: in the hole what was painted there, elsewhere the photo itself without the shadow. */
export function plateOf(photo: Planes, { picture, hole }: Opening, change?: Planes): Planes {
  const changes = change && resized(change, photo);
  const inside = resized(picture, photo);
  const shares = resized(hole, photo);
  const count = photo.width * photo.height;
  const data = photo.data.map((value, i) => {
    const share = shares.data[i % count] as number;
    const place = value + share * ((inside.data[i] as number) - value);
    return Math.min(1, Math.max(-1, place + (changes?.data[i] ?? 0)));
  });
  return planesOf(photo, 3, data);
}

/** The person's colours, free of the place's at their edge, and the matte: four planes. */
export function cutOut(photo: Planes, matte: Planes): Planes {
  const unsure = matte.data.map((value) => 1 - smooth((value - SURE_FROM) / (SURE_AT - SURE_FROM)));
  return stacked(filled(photo, planesOf(matte, 1, unsure)), matte);
}

/** 1 wherever anything within a square of `margin` pixels to each side is more than little. */
function widened({ width, height, data }: Planes, margin: number): Planes {
  const rows = new Float32Array(data.length);
  const result = planesOf({ width, height }, 1);
  const reach = (
    from: ArrayLike<number>,
    to: Float32Array,
    step: number,
    place: (i: number) => number,
    length: number,
  ) => {
    for (let i = 0; i < data.length; i++) {
      const at = place(i);
      const [first, last] = [Math.max(-margin, -at), Math.min(margin, length - 1 - at)];
      let most = 0;
      for (let k = first; k <= last; k++) most = Math.max(most, from[i + k * step] as number);
      to[i] = most;
    }
  };
  const marked = data.map((value) => (value > LITTLE ? 1 : 0));
  reach(marked, rows, 1, (i) => i % width, width);
  reach(rows, result.data, width, (i) => Math.floor(i / width), height);
  return result;
}

/** Means of squares of three pixels a side, as far as they lie inside. */
function softened({ width, height, data }: Planes): Planes {
  const result = planesOf({ width, height }, 1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      let [sum, count] = [0, 0];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          sum += data[row * width + column] as number;
          count++;
        }
      }
      result.data[i] = sum / count;
    }
  }
  return result;
}

function smooth(value: number): number {
  const x = Math.min(1, Math.max(0, value));
  return x * x * (3 - 2 * x);
}
