/** A picture as a canvas has it: RGBA bytes, rows from the top. Alpha is not looked at. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** One byte a pixel; what is not zero counts. Missing: the whole picture. */
export type Mask = Uint8Array | Uint8ClampedArray;

export function expectSameSize(a: Picture, b: Picture, mask?: Mask): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`the pictures are ${a.width}x${a.height} and ${b.width}x${b.height}`);
  }
  if (mask && mask.length !== a.width * a.height) {
    throw new RangeError(`the mask has ${mask.length} pixels and the pictures ${a.width * a.height}`);
  }
}

/** The mean over the masked pixels of what `measure` says of the pixel at (x, y). NaN for an empty mask. */
export function meanOver(
  { width, height }: Picture,
  mask: Mask | undefined,
  measure: (x: number, y: number) => number,
  margin = 0,
): number {
  let sum = 0;
  let count = 0;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      if (mask && mask[y * width + x] === 0) continue;
      sum += measure(x, y);
      count++;
    }
  }
  return sum / count;
}

/** One colour of a picture, in 0..255. */
export function plane({ width, height, data }: Picture, channel: 0 | 1 | 2): Float64Array {
  const values = new Float64Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i + channel] as number;
  return values;
}

/** Brightness as the eye weighs colours (BT.601), in 0..255. */
export function luma({ width, height, data }: Picture): Float64Array {
  const values = new Float64Array(width * height);
  for (let i = 0; i < values.length; i++) {
    const [red, green, blue] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]] as [number, number, number];
    values[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  return values;
}
