import type { StripPicture } from './choices.ts';

/** One picture for each of `count` even parts of a clip: the one that is nearest in time. */
export function evenStrip<T extends Pick<StripPicture, 'time'>>(
  pictures: readonly T[],
  count: number,
  duration: number,
): T[] {
  const middles = Array.from({ length: count }, (_, i) => ((i + 0.5) * duration) / count);
  return middles.flatMap((middle) => {
    const distance = ({ time }: T) => Math.abs(time - middle);
    const [first, ...others] = pictures;
    return first ? others.reduce((best, next) => (distance(next) < distance(best) ? next : best), first) : [];
  });
}
