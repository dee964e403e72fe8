import type { Size } from './planes.ts';

/** Sides that the networks take are multiples of these. */
export const MOVER_STEP = 16;
export const PLATE_STEP = 32;
export const MATTE_STEP = 32;
/** Longer sides of what they look at. */
export const MOVER_SIDE = 128;
export const PLATE_SIDE = 256;

/** A picture's shape with this longer side, as well as multiples of `step` allow. */
function shapedLike({ width, height }: Size, side: number, step: number): Size {
  const scale = side / Math.max(width, height);
  const rounded = (length: number) => Math.max(step, Math.round((length * scale) / step) * step);
  return { width: rounded(width), height: rounded(height) };
}

export const moverSize = (size: Size, side = MOVER_SIDE): Size => shapedLike(size, side, MOVER_STEP);
export const plateSize = (size: Size): Size => shapedLike(size, PLATE_SIDE, PLATE_STEP);

/** Sides of what is painted are multiples of this. */
const PAINTED_STEP = 64;

/** The size at which a frame is painted that is shown at another: its shape, as large as the model was made for. */
export function paintedSize(size: Size, made: Size): Size {
  const scale = Math.min(1, Math.min(made.width, made.height) / Math.min(size.width, size.height));
  const rounded = (length: number) =>
    Math.max(PAINTED_STEP, Math.round((length * scale) / PAINTED_STEP) * PAINTED_STEP);
  return { width: rounded(size.width), height: rounded(size.height) };
}

/** The smallest size with such sides that holds a picture. */
export function padded({ width, height }: Size, step: number): Size {
  const up = (length: number) => Math.ceil(length / step) * step;
  return { width: up(width), height: up(height) };
}
