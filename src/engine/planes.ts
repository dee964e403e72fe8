/** Pixels as bytes, side by side, and as the networks take them: one plane of floats a channel. */

/** RGB bytes to planes, each byte times `scale` plus `offset`. */
export function toPlanes(rgb: Uint8Array, scale: number, offset: number): Float32Array<ArrayBuffer> {
  const count = rgb.length / 3;
  const planes = new Float32Array(rgb.length);
  for (let i = 0; i < count; i++) {
    planes[i] = (rgb[3 * i] as number) * scale + offset;
    planes[count + i] = (rgb[3 * i + 1] as number) * scale + offset;
    planes[2 * count + i] = (rgb[3 * i + 2] as number) * scale + offset;
  }
  return planes;
}

/** Planes in [-1, 1] to opaque RGBA bytes; undefined when a value is not finite. */
export function toRgba(planes: Float32Array): Uint8ClampedArray<ArrayBuffer> | undefined {
  const count = planes.length / 3;
  const rgba = new Uint8ClampedArray(4 * count).fill(255);
  let sum = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < count; i++) {
      const value = planes[channel * count + i] as number;
      sum += value;
      rgba[4 * i + channel] = (value + 1) * 127.5;
    }
  }
  return Number.isFinite(sum) ? rgba : undefined;
}
