import { LABEL, type Label, type LabelMap, maskOf } from './labels.ts';
import { type Mask, maskFrom, type Picture, type Size, soften } from './picture.ts';

/**
 * A garment cut out of its picture: what the parser calls by its names, with edges where the picture has them. On a plain
 * ground, as shops have it, whatever differs from the ground around it counts too.
 */
export function cutOut(picture: Picture, labels: LabelMap, names: readonly Label[]): Mask {
  const rough = maskOf(labels, names, picture);
  const reach = Math.max(2, Math.round(Math.min(picture.width, picture.height) / 64));
  const guided = followEdges(rough, picture, reach);
  const ground = plainGround(picture);
  const others = maskOf(labels, ['hair', 'face', 'skin'], picture);
  let people = 0;
  for (const share of others.alpha) people += share;
  const isWorn = people > 0.01 * others.alpha.length;
  if (!ground || isWorn) return crisp(guided);
  const near = soften(rough, 2 * reach);
  return maskFrom(picture, (i) => {
    const differs = ramp(distanceFrom(ground, picture, i), ground.spread + 10, ground.spread + 30);
    // Far from what the parser found, a shadow or a crease of the paper is no garment.
    const here = ramp(near.alpha[i] as number, 0.08, 0.3);
    return differs * here;
  });
}

const crisp = (mask: Mask): Mask => maskFrom(mask, (i) => ramp(mask.alpha[i] as number, 0.4, 0.7));

const ramp = (value: number, from: number, to: number): number =>
  Math.min(1, Math.max(0, (value - from) / (to - from)));

interface Ground {
  readonly colour: readonly [number, number, number];
  /** How far most of the border lies from it. */
  readonly spread: number;
}

/** The colour of the border, where most of the border is of one colour. */
export function plainGround(picture: Picture): Ground | undefined {
  const { width, height, data } = picture;
  const border: number[] = [];
  const rim = Math.max(1, Math.round(Math.min(width, height) / 64));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x < rim || y < rim || x >= width - rim || y >= height - rim) border.push(y * width + x);
    }
  }
  const channel = (k: number) => border.map((i) => data[4 * i + k] as number).toSorted((a, b) => a - b);
  const middle = [0, 1, 2].map((k) => channel(k)[border.length >> 1] as number);
  const colour: [number, number, number] = [middle[0] ?? 0, middle[1] ?? 0, middle[2] ?? 0];
  const away = border.map((i) => distanceFrom({ colour, spread: 0 }, picture, i)).toSorted((a, b) => a - b);
  const spread = away[Math.floor(0.85 * away.length)] ?? 0;
  return spread < 28 ? { colour, spread } : undefined;
}

/** Brightness counts less than hue: grounds have shades. */
function distanceFrom({ colour }: Ground, { data }: Picture, i: number): number {
  const [r, g, b] = [0, 1, 2].map((k) => (data[4 * i + k] as number) - (colour[k] as number)) as [
    number,
    number,
    number,
  ];
  const grey = (r + g + b) / 3;
  return Math.hypot(r - grey, g - grey, b - grey) * 1.4 + Math.abs(grey) * 0.9;
}

/** A guided filter: the mask as a linear function of the picture's brightness around each pixel. */
export function followEdges(mask: Mask, picture: Picture, reach: number): Mask {
  const size: Size = picture;
  const grey = maskFrom(size, (i) => {
    const [r, g, b] = [picture.data[4 * i], picture.data[4 * i + 1], picture.data[4 * i + 2]] as number[];
    return (0.3 * (r as number) + 0.59 * (g as number) + 0.11 * (b as number)) / 255;
  });
  const product = (a: Mask, b: Mask) =>
    maskFrom(size, (i) => (a.alpha[i] as number) * (b.alpha[i] as number));
  const around = (m: Mask) => soften(m, Math.max(1, Math.round(reach / 2)));
  const [meanGrey, meanMask] = [around(grey), around(mask)];
  const [both, squares] = [around(product(grey, mask)), around(product(grey, grey))];
  const slope = maskFrom(size, (i) => {
    const variance = (squares.alpha[i] as number) - (meanGrey.alpha[i] as number) ** 2;
    const shared = (both.alpha[i] as number) - (meanGrey.alpha[i] as number) * (meanMask.alpha[i] as number);
    return shared / (variance + 2e-3);
  });
  const shift = maskFrom(
    size,
    (i) => (meanMask.alpha[i] as number) - (slope.alpha[i] as number) * (meanGrey.alpha[i] as number),
  );
  const [slopes, shifts] = [around(slope), around(shift)];
  return maskFrom(size, (i) =>
    Math.min(
      1,
      Math.max(0, (slopes.alpha[i] as number) * (grey.alpha[i] as number) + (shifts.alpha[i] as number)),
    ),
  );
}

/** The kind of garment that a picture shows most of, and how much of the picture it covers. */
export function kindShown(labels: LabelMap): { readonly label: Label; readonly share: number } {
  const garments = ['top', 'bottom', 'dress', 'shoes'] as const;
  let best: { label: Label; share: number } = { label: 'top', share: 0 };
  for (const label of garments) {
    const plane = labels.shares[LABEL[label]] as Float32Array;
    let sum = 0;
    for (const share of plane) sum += share > 0.5 ? 1 : 0;
    if (sum / plane.length > best.share) best = { label, share: sum / plane.length };
  }
  return best;
}
