import { type Planes, planesOf, some } from './planes.ts';
import { resized } from './resample.ts';

/** Of the pyramid; fewer where a side can't be halved any more. */
const LEVELS = 8;

/**
 * A picture whose hole (1 inside) is filled from its surroundings: means of ever larger squares, the finest that knows
 * anything. The classic fill that the plate's network begins with. training/layers/plate.py computes the same.
 */
export function filled(picture: Planes, hole: Planes): Planes {
  const { channels } = picture;
  const known = [
    planesOf(
      hole,
      1,
      hole.data.map((value) => 1 - value),
    ),
  ];
  const sums = [maskedBy(picture, known[0] as Planes)];
  for (;;) {
    const last = known.at(-1) as Planes;
    if (known.length === LEVELS || last.width % 2 > 0 || last.height % 2 > 0) break;
    const half = { width: last.width / 2, height: last.height / 2 };
    known.push(resized(last, half));
    sums.push(resized(sums.at(-1) as Planes, half));
  }
  let below = evenly(sums.at(-1) as Planes, known.at(-1) as Planes);
  for (let level = known.length - 1; level >= 0; level--) {
    const [share, sum] = [known[level] as Planes, sums[level] as Planes];
    const enlarged = resized(below, sum);
    const count = sum.width * sum.height;
    below = planesOf(sum, channels);
    for (let i = 0; i < below.data.length; i++) {
      // A cell counts by how much of it is known.
      const rest = 1 - (share.data[i % count] as number);
      below.data[i] = (sum.data[i] as number) + rest * (enlarged.data[i] as number);
    }
  }
  return below;
}

function maskedBy(picture: Planes, mask: Planes): Planes {
  const count = picture.width * picture.height;
  const data = picture.data.map((value, i) => value * (mask.data[i % count] as number));
  return planesOf(picture, picture.channels, data);
}

/** The mean of all that is known, everywhere. */
function evenly(sums: Planes, known: Planes): Planes {
  const total = Math.max(
    known.data.reduce((sum, value) => sum + value, 0),
    1e-6,
  );
  const result = planesOf(sums, sums.channels);
  for (let channel = 0; channel < sums.channels; channel++) {
    const mean = some(sums, channel, channel + 1).data.reduce((sum, value) => sum + value, 0) / total;
    some(result, channel, channel + 1).data.fill(mean);
  }
  return result;
}
