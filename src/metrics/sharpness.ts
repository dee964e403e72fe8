import { luma, type Mask, meanOver, type Picture } from './picture.ts';

/** The mean length of the brightness's gradient (central differences), in 0..255 a pixel. Blur lowers it. */
export function sharpness(picture: Picture, mask?: Mask): number {
  const { width } = picture;
  const values = luma(picture);
  const at = (x: number, y: number) => values[y * width + x] as number;
  return meanOver(
    picture,
    mask,
    (x, y) => Math.hypot(at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1)) / 2,
    1,
  );
}
