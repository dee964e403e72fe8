/** Pictures and masks as this room computes with them; the page turns them into bitmaps. */

/** RGBA bytes, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** How much of each pixel something covers, 0 to 1. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly alpha: Float32Array<ArrayBuffer>;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const emptyMask = ({ width, height }: Size): Mask => ({
  width,
  height,
  alpha: new Float32Array(width * height),
});

export const emptyPicture = ({ width, height }: Size): Picture => ({
  width,
  height,
  data: new Uint8ClampedArray(4 * width * height),
});

export function maskFrom(size: Size, alphaOf: (index: number) => number): Mask {
  const mask = emptyMask(size);
  for (let i = 0; i < mask.alpha.length; i++) mask.alpha[i] = alphaOf(i);
  return mask;
}

/** The share of the picture that a mask covers. */
export function coverage({ alpha }: Mask): number {
  let sum = 0;
  for (const value of alpha) sum += value;
  return sum / Math.max(1, alpha.length);
}

/** The greatest (`grow` > 0) or least value within so many pixels, along rows and then along columns. */
export function spread(mask: Mask, grow: number): Mask {
  const reach = Math.round(Math.abs(grow));
  if (reach === 0) return mask;
  const { width, height } = mask;
  const pick = grow > 0 ? Math.max : Math.min;
  const across = emptyMask(mask);
  const result = emptyMask(mask);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let best = mask.alpha[y * width + x] as number;
      for (let k = Math.max(0, x - reach); k <= Math.min(width - 1, x + reach); k++) {
        best = pick(best, mask.alpha[y * width + k] as number);
      }
      across.alpha[y * width + x] = best;
    }
  }
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      let best = across.alpha[y * width + x] as number;
      for (let k = Math.max(0, y - reach); k <= Math.min(height - 1, y + reach); k++) {
        best = pick(best, across.alpha[k * width + x] as number);
      }
      result.alpha[y * width + x] = best;
    }
  }
  return result;
}

/** The mean over a square of `2 * reach + 1` pixels, three times: close to a bell. */
export function soften(mask: Mask, reach: number): Mask {
  let result = mask;
  for (let time = 0; time < 3; time++) result = meanAround(result, Math.round(reach));
  return result;
}

function meanAround({ width, height, alpha }: Mask, reach: number): Mask {
  if (reach < 1) return { width, height, alpha };
  const across = new Float32Array(alpha.length);
  const result = new Float32Array(alpha.length);
  alongLines(alpha, across, height, width, width, 1, reach);
  alongLines(across, result, width, height, 1, width, reach);
  return { width, height, alpha: result };
}

function alongLines(
  from: Float32Array,
  to: Float32Array,
  lines: number,
  length: number,
  lineStep: number,
  step: number,
  reach: number,
): void {
  for (let line = 0; line < lines; line++) {
    const at = (i: number) => line * lineStep + i * step;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < Math.min(reach, length); i++) {
      sum += from[at(i)] as number;
      count++;
    }
    for (let i = 0; i < length; i++) {
      if (i + reach < length) {
        sum += from[at(i + reach)] as number;
        count++;
      }
      if (i - reach - 1 >= 0) {
        sum -= from[at(i - reach - 1)] as number;
        count--;
      }
      to[at(i)] = sum / count;
    }
  }
}

/** A mask at another size, bilinear. */
export function resizeMask(mask: Mask, size: Size): Mask {
  if (mask.width === size.width && mask.height === size.height) return mask;
  const result = emptyMask(size);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const sx = ((x + 0.5) * mask.width) / size.width;
      const sy = ((y + 0.5) * mask.height) / size.height;
      result.alpha[y * size.width + x] = sampleMask(mask, sx, sy);
    }
  }
  return result;
}

/** Bilinear; pixel centres lie at half-integers, and beyond the edge lies the edge. */
export function sampleMask({ width, height, alpha }: Mask, x: number, y: number): number {
  const px = Math.min(width - 1, Math.max(0, x - 0.5));
  const py = Math.min(height - 1, Math.max(0, y - 0.5));
  const left = Math.floor(px);
  const top = Math.floor(py);
  const right = Math.min(width - 1, left + 1);
  const bottom = Math.min(height - 1, top + 1);
  const fx = px - left;
  const fy = py - top;
  const upper =
    (alpha[top * width + left] as number) * (1 - fx) + (alpha[top * width + right] as number) * fx;
  const lower =
    (alpha[bottom * width + left] as number) * (1 - fx) + (alpha[bottom * width + right] as number) * fx;
  return upper * (1 - fy) + lower * fy;
}

/** A smaller or larger picture: the mean of what each pixel covers, or bilinear. */
export function resizePicture(picture: Picture, size: Size): Picture {
  if (picture.width === size.width && picture.height === size.height) return picture;
  const result = emptyPicture(size);
  const [across, down] = [picture.width / size.width, picture.height / size.height];
  const [stepsX, stepsY] = [Math.max(1, Math.round(across)), Math.max(1, Math.round(down))];
  const colour = new Float32Array(4);
  for (let y = 0, at = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, at += 4) {
      const sum = [0, 0, 0, 0];
      for (let j = 0; j < stepsY; j++) {
        for (let i = 0; i < stepsX; i++) {
          samplePicture(picture, (x + (i + 0.5) / stepsX) * across, (y + (j + 0.5) / stepsY) * down, colour);
          for (let k = 0; k < 4; k++) sum[k] = (sum[k] as number) + (colour[k] as number);
        }
      }
      for (let k = 0; k < 4; k++) result.data[at + k] = (sum[k] as number) / (stepsX * stepsY);
    }
  }
  return result;
}

/** Bilinear, into `to`: red, green, blue, alpha in 0..255. */
export function samplePicture(
  { width, height, data }: Picture,
  x: number,
  y: number,
  to: Float32Array,
): void {
  const px = Math.min(width - 1, Math.max(0, x - 0.5));
  const py = Math.min(height - 1, Math.max(0, y - 0.5));
  const left = Math.floor(px);
  const top = Math.floor(py);
  const fx = px - left;
  const fy = py - top;
  const a = 4 * (top * width + left);
  const b = left < width - 1 ? a + 4 : a;
  const c = top < height - 1 ? a + 4 * width : a;
  const d = c + (b - a);
  for (let k = 0; k < 4; k++) {
    const upper = (data[a + k] as number) * (1 - fx) + (data[b + k] as number) * fx;
    const lower = (data[c + k] as number) * (1 - fx) + (data[d + k] as number) * fx;
    to[k] = upper * (1 - fy) + lower * fy;
  }
}
