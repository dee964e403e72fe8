import { emptyMask, type Mask, type Size } from './picture.ts';

/** One stroke of the person's over the mask, as data: it can be kept, sent and undone. Places in the photo's pixels. */
export interface Stroke {
  readonly mode: 'add' | 'take';
  readonly radius: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** The mask after the person's strokes, each over the ones before. */
export function painted(mask: Mask, strokes: readonly Stroke[]): Mask {
  if (strokes.length === 0) return mask;
  const result: Mask = { ...mask, alpha: mask.alpha.slice() };
  for (const stroke of strokes) {
    const share = strokeShare(stroke, mask);
    for (let i = 0; i < share.alpha.length; i++) {
      const covered = share.alpha[i] as number;
      const before = result.alpha[i] as number;
      result.alpha[i] = stroke.mode === 'add' ? Math.max(before, covered) : Math.min(before, 1 - covered);
    }
  }
  return result;
}

/** All strokes but the last one. */
export const undone = (strokes: readonly Stroke[]): readonly Stroke[] => strokes.slice(0, -1);

/** Discs along the way from point to point, their rim a pixel soft. */
function strokeShare({ radius, points }: Stroke, size: Size): Mask {
  const mask = emptyMask(size);
  points.forEach((to, index) => {
    const from = points[index - 1] ?? to;
    const [left, right] = [Math.min(from.x, to.x) - radius - 1, Math.max(from.x, to.x) + radius + 1];
    const [top, bottom] = [Math.min(from.y, to.y) - radius - 1, Math.max(from.y, to.y) + radius + 1];
    const [alongX, alongY] = [to.x - from.x, to.y - from.y];
    const squared = Math.max(alongX ** 2 + alongY ** 2, 1e-9);
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(size.height, Math.ceil(bottom)); y++) {
      for (let x = Math.max(0, Math.floor(left)); x < Math.min(size.width, Math.ceil(right)); x++) {
        const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
        const share = Math.min(1, Math.max(0, (px * alongX + py * alongY) / squared));
        const away = Math.hypot(px - share * alongX, py - share * alongY);
        const covered = Math.min(1, Math.max(0, radius + 0.5 - away));
        const at = y * size.width + x;
        mask.alpha[at] = Math.max(mask.alpha[at] as number, covered);
      }
    }
  });
  return mask;
}
