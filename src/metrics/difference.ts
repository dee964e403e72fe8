import { expectSameSize, type Mask, meanOver, type Picture } from './picture.ts';

/** Peak signal-to-noise ratio in dB over all three colours. Infinite for equal pictures. */
export function psnr(a: Picture, b: Picture, mask?: Mask): number {
  const squared = meanDifference(a, b, mask, (difference) => difference * difference);
  return 10 * Math.log10(255 ** 2 / squared);
}

/** Mean absolute difference over all three colours, in 0..255. */
export function l1(a: Picture, b: Picture, mask?: Mask): number {
  return meanDifference(a, b, mask, Math.abs);
}

function meanDifference(
  a: Picture,
  b: Picture,
  mask: Mask | undefined,
  of: (difference: number) => number,
): number {
  expectSameSize(a, b, mask);
  const { width } = a;
  return meanOver(a, mask, (x, y) => {
    const at = 4 * (y * width + x);
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      sum += of((a.data[at + channel] as number) - (b.data[at + channel] as number));
    }
    return sum / 3;
  });
}

/**
 * How much a clip's pixels change from one frame to the next where nothing moves: the mean absolute difference of
 * neighbouring frames over the pixels that `still` marks, in 0..255.
 */
export function flicker(frames: readonly Picture[], still?: Mask): number {
  let sum = 0;
  for (let i = 1; i < frames.length; i++) sum += l1(frames[i - 1] as Picture, frames[i] as Picture, still);
  return sum / (frames.length - 1);
}
