/** Planes of numbers one after another, each of rows from the top. */
export interface Planes {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array<ArrayBuffer>;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Which numbers of a line make a number of the resized line, and with what weights. */
interface Share {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * As PyTorch's `interpolate` does it with `mode="bilinear", align_corners=False`: two neighbours each way, whatever the
 * factor, so that a picture made smaller loses what lies between them.
 */
export function resizeBilinear(planes: Planes, size: Size): Planes {
  return resize(planes, size, (from, to) =>
    Array.from({ length: to }, (_, i) => {
      const place = Math.max(((i + 0.5) * from) / to - 0.5, 0);
      const first = Math.min(Math.floor(place), from - 1);
      const share = place - first;
      return first === from - 1 ? { first, weights: [1] } : { first, weights: [1 - share, share] };
    }),
  );
}

/** As Pillow's BICUBIC does it with floats: the filter widens with the factor, and nothing is clipped to 0..255. */
export function resizeBicubic(planes: Planes, size: Size): Planes {
  return resize(planes, size, (from, to) => {
    const factor = from / to;
    const widened = Math.max(factor, 1);
    const support = 2 * widened;
    return Array.from({ length: to }, (_, i) => {
      const centre = (i + 0.5) * factor;
      const first = Math.max(Math.trunc(centre - support + 0.5), 0);
      const end = Math.min(Math.trunc(centre + support + 0.5), from);
      const raw = Array.from({ length: end - first }, (_, k) => cubic((first + k - centre + 0.5) / widened));
      const total = raw.reduce((sum, weight) => sum + weight, 0);
      return { first, weights: raw.map((weight) => weight / total) };
    });
  });
}

/** Keys's cubic with a = -0.5. */
function cubic(place: number): number {
  const x = Math.abs(place);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** Along rows, then along columns. */
function resize(
  { count, width, height, values }: Planes,
  to: Size,
  sharesOf: (from: number, to: number) => readonly Share[],
): Planes {
  const [across, down] = [sharesOf(width, to.width), sharesOf(height, to.height)];
  const rows = new Float32Array(count * height * to.width);
  for (let row = 0; row < count * height; row++) {
    across.forEach(({ first, weights }, x) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++)
        sum += (weights[k] as number) * (values[row * width + first + k] as number);
      rows[row * to.width + x] = sum;
    });
  }
  const result = new Float32Array(count * to.height * to.width);
  for (let plane = 0; plane < count; plane++) {
    down.forEach(({ first, weights }, y) => {
      const place = (plane * to.height + y) * to.width;
      for (let x = 0; x < to.width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          const from = (plane * height + first + k) * to.width + x;
          sum += (weights[k] as number) * (rows[from] as number);
        }
        result[place + x] = sum;
      }
    });
  }
  return { count, width: to.width, height: to.height, values: result };
}
