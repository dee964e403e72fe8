import type { Reference } from '../engine/api.ts';
import { outputSize, type Settings, type Size, type SizeChoice } from '../studio/index.ts';
import { type PhotoChoice, useChoices } from './choices.ts';
import { studio } from './studio.ts';

const LIVE_SIZES = [
  ['standard', 1],
  ['small', 1],
  ['small', 2 / 3],
] as const satisfies readonly (readonly [SizeChoice, number])[];

/** The sizes that live frames may have, from large to small, in the shape that the photo or the settings ask for. */
export function liveSizes({ aspect }: Settings, photo: Size, pack: Size): Size[] {
  const sizes = LIVE_SIZES.map(([size, share]) =>
    outputSize({ aspect, size, width: null, height: null }, photo, {
      width: pack.width * share,
      height: pack.height * share,
    }),
  );
  return sizes.filter(
    (size, i) =>
      !sizes.slice(0, i).some(({ width, height }) => width === size.width && height === size.height),
  );
}

/** The photo in the frame of the largest size, as the engine takes it. */
export async function liveReference(photo: PhotoChoice, size: Size): Promise<Reference> {
  const { canvas, pose } = await studio.grounds.photo(photo, size, useChoices.getState().settings);
  return { image: await createImageBitmap(canvas), pose };
}
