import { type Planes, planesOf, type Size } from './planes.ts';

/** Another size: means over what each new pixel covers where it shrinks, bilinear where it grows. */
export function resized(picture: Planes, { width, height }: Size): Planes {
  if (picture.width === width && picture.height === height) return picture;
  const wide = alongRows(picture, width);
  return alongColumns(wide, height);
}

/** At the right and below it goes on with its last pixels; `cut` takes that away again. */
export function padTo({ width, height, channels, data }: Planes, size: Size): Planes {
  const result = planesOf(size, channels);
  for (let channel = 0, i = 0; channel < channels; channel++) {
    for (let y = 0; y < size.height; y++) {
      const row = (channel * height + Math.min(y, height - 1)) * width;
      for (let x = 0; x < size.width; x++) result.data[i++] = data[row + Math.min(x, width - 1)] as number;
    }
  }
  return result;
}

export function cutTo({ width, height, channels, data }: Planes, size: Size): Planes {
  const result = planesOf(size, channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < size.height; y++) {
      const from = (channel * height + y) * width;
      result.data.set(data.subarray(from, from + size.width), (channel * size.height + y) * size.width);
    }
  }
  return result;
}

/** Which old pixels each new one is made of: `shares[i * most + k]` of pixel `first[i] + k`. */
interface Footprints {
  readonly first: Int32Array;
  readonly shares: Float64Array;
  readonly most: number;
}

function footprints(from: number, to: number): Footprints {
  const scale = from / to;
  const most = scale > 1 ? Math.ceil(scale) + 1 : 2;
  const first = new Int32Array(to);
  const shares = new Float64Array(to * most);
  for (let i = 0; i < to; i++) {
    if (scale > 1) {
      const [start, end] = [i * scale, (i + 1) * scale];
      const at = Math.floor(start);
      first[i] = Math.min(at, from - 1);
      for (let k = 0; k < most; k++) {
        const covered = Math.min(end, at + k + 1, from) - Math.max(start, at + k);
        shares[i * most + k] = Math.max(0, covered) / scale;
      }
    } else {
      const place = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1);
      const at = Math.floor(place);
      first[i] = at;
      shares[i * most] = 1 - (place - at);
      shares[i * most + 1] = place - at;
    }
  }
  return { first, shares, most };
}

function alongRows({ width, height, channels, data }: Planes, to: number): Planes {
  const { first, shares, most } = footprints(width, to);
  const result = planesOf({ width: to, height }, channels);
  for (let row = 0, i = 0; row < channels * height; row++) {
    for (let x = 0; x < to; x++, i++) {
      let sum = 0;
      for (let k = 0; k < most; k++) {
        const share = shares[x * most + k] as number;
        if (share > 0) sum += share * (data[row * width + (first[x] as number) + k] as number);
      }
      result.data[i] = sum;
    }
  }
  return result;
}

function alongColumns({ width, height, channels, data }: Planes, to: number): Planes {
  const { first, shares, most } = footprints(height, to);
  const result = planesOf({ width, height: to }, channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < to; y++) {
      const row = result.data.subarray((channel * to + y) * width, (channel * to + y + 1) * width);
      for (let k = 0; k < most; k++) {
        const share = shares[y * most + k] as number;
        if (share === 0) continue;
        const from = (channel * height + (first[y] as number) + k) * width;
        for (let x = 0; x < width; x++) row[x] = (row[x] as number) + share * (data[from + x] as number);
      }
    }
  }
  return result;
}
