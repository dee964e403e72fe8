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

/** The share of each label at each pixel: one plane a label, of one size. */
export interface LabelMap extends Size {
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

/** The label that is likeliest at each pixel, at any size. */
export function likeliest(map: LabelMap, size: Size): Uint8Array<ArrayBuffer> {
  const labels = new Uint8Array(size.width * size.height);
  const planes = map.shares.map((alpha): Mask => ({ width: map.width, height: map.height, alpha }));
  for (let y = 0, i = 0; y < size.height; y++) {
    const sy = ((y + 0.5) * map.height) / size.height;
    for (let x = 0; x < size.width; x++, i++) {
      const sx = ((x + 0.5) * map.width) / size.width;
      let most = -1;
      for (let k = 0; k < planes.length; k++) {
        const share = sampleMask(planes[k] as Mask, sx, sy);
        if (share > most) {
          most = share;
          labels[i] = k;
        }
      }
    }
  }
  return labels;
}

/** How much of each pixel bears one of the labels. */
export function shareOf(map: LabelMap, names: readonly Label[]): Mask {
  const mask = emptyMask(map);
  for (const name of names) {
    const plane = map.shares[LABEL[name]] as Float32Array;
    for (let i = 0; i < plane.length; i++) mask.alpha[i] = (mask.alpha[i] as number) + (plane[i] as number);
  }
  return mask;
}

/** From labels known for sure, as a rendered picture's are. */
export function knownLabels(labels: Uint8Array, size: Size): LabelMap {
  const shares = LABELS.map((_, k) => Float32Array.from(labels, (label) => (label === k ? 1 : 0)));
  return { ...size, shares };
}
