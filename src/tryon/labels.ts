import type { Mask, Size } from './picture.ts';
import { emptyMask, sampleMask } from './picture.ts';

/** What the parser tells apart, in its order. */
export const LABELS = [
  'background',
  'hair',
  'face',
  'skin',
  'top',
  'bottom',
  'dress',
  'shoes',
  'hat',
] as const;
export type Label = (typeof LABELS)[number];
export const LABEL = Object.fromEntries(LABELS.map((name, index) => [name, index])) as Readonly<
  Record<Label, number>
>;

/** What a person can be dressed in. */
export const KINDS = ['top', 'bottom', 'dress', 'shoes', 'whole'] as const;
export type Kind = (typeof KINDS)[number];

/** The labels that a kind of garment bears in its own picture. */
export const OF_KIND: Readonly<Record<Kind, readonly Label[]>> = {
  top: ['top'],
  bottom: ['bottom'],
  dress: ['dress'],
  shoes: ['shoes'],
  whole: ['top', 'bottom', 'dress', 'shoes'],
};

/** The labels that a kind of garment takes the place of on the person. */
export const REPLACED: Readonly<Record<Kind, readonly Label[]>> = {
  top: ['top', 'dress'],
  bottom: ['bottom', 'dress'],
  dress: ['top', 'bottom', 'dress'],
  shoes: ['shoes'],
  whole: ['top', 'bottom', 'dress', 'shoes'],
};

/** A square of a picture, in its pixels; it may reach beyond the picture. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** The share of each label at each place: one plane a label, of one size. */
export interface LabelMap extends Size {
  /** The square that it shows, with background all around; without it, the whole picture. */
  readonly region?: Region;
  readonly shares: readonly Float32Array<ArrayBuffer>[];
}

/** From the parser's logits, planes side by side, to shares that sum to 1 at each pixel. */
export function labelShares(logits: Float32Array, size: Size): LabelMap {
  const count = size.width * size.height;
  const shares = LABELS.map(() => new Float32Array(count));
  for (let i = 0; i < count; i++) {
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < LABELS.length; k++) most = Math.max(most, logits[k * count + i] as number);
    let sum = 0;
    for (let k = 0; k < LABELS.length; k++) {
      const share = Math.exp((logits[k * count + i] as number) - most);
      (shares[k] as Float32Array)[i] = share;
      sum += share;
    }
    for (const plane of shares) plane[i] = (plane[i] as number) / sum;
  }
  return { ...size, shares };
}

/** The label that is likeliest at each pixel of the picture, which has this size. */
export function likeliest(map: LabelMap, size: Size): Uint8Array<ArrayBuffer> {
  const labels = new Uint8Array(size.width * size.height);
  const planes = map.shares.map((alpha): Mask => ({ width: map.width, height: map.height, alpha }));
  eachPlace(map, size, (i, x, y) => {
    let most = -1;
    for (let k = 0; k < planes.length; k++) {
      const share = sampleMask(planes[k] as Mask, x, y);
      if (share > most) {
        most = share;
        labels[i] = k;
      }
    }
  });
  return labels;
}

/** How much of each pixel of the picture bears one of the labels. */
export function maskOf(map: LabelMap, names: readonly Label[], size: Size): Mask {
  const own = emptyMask(map);
  for (const name of names) {
    const plane = map.shares[LABEL[name]] as Float32Array;
    for (let i = 0; i < plane.length; i++) own.alpha[i] = (own.alpha[i] as number) + (plane[i] as number);
  }
  if (size === map) return own;
  const mask = emptyMask(size);
  eachPlace(map, size, (i, x, y) => {
    mask.alpha[i] = sampleMask(own, x, y);
  });
  return mask;
}

/** Each pixel of the picture and where it lies in the map, where it does. */
function eachPlace(map: LabelMap, size: Size, visit: (index: number, x: number, y: number) => void): void {
  const { x: left, y: top, side } = map.region ?? { x: 0, y: 0, side: 0 };
  const [across, down] = map.region ? [side, side] : [size.width, size.height];
  for (let row = 0, i = 0; row < size.height; row++) {
    const y = ((row + 0.5 - top) * map.height) / down;
    for (let column = 0; column < size.width; column++, i++) {
      const x = ((column + 0.5 - left) * map.width) / across;
      if (x >= 0 && y >= 0 && x <= map.width && y <= map.height) visit(i, x, y);
    }
  }
}

/** From labels known for sure, as a rendered picture's are. */
export function knownLabels(labels: Uint8Array, size: Size): LabelMap {
  const shares = LABELS.map((_, k) => Float32Array.from(labels, (label) => (label === k ? 1 : 0)));
  return { ...size, shares };
}
