import type { Picture } from '../../src/metrics/picture.ts';

/** What a task shows to the measures outside the page, one frame at a time: they wait for each other. */
export interface Offered {
  readonly label: string;
  /** Seconds from the clip's start, for frames of a clip. */
  readonly time?: number;
  readonly width: number;
  readonly height: number;
  /** RGBA as base64: the truth, the output, and baselines beside it. */
  readonly pictures: Readonly<Record<'truth' | 'output', string> & Partial<Record<Baseline, string>>>;
  /** All of them side by side, small, as a data URL. */
  readonly strip: string;
  /** Joints that were asked for, and those found in the output: x, y, score. */
  readonly asked?: readonly number[];
  readonly found?: readonly number[];
}

/** What any animator must beat: the reference as it is, and moved limb by limb. */
export const BASELINES = ['copied', 'warped'] as const;
export type Baseline = (typeof BASELINES)[number];

export type Offer = (offered: Offered) => Promise<void>;

const STRIP_HEIGHT = 160;
const CHUNK = 0x8000;

type Shown = Readonly<Record<'truth' | 'output', Picture> & Partial<Record<Baseline, Picture>>>;

/** In the page: pictures on their way out. */
export async function pack(shown: Shown): Promise<Pick<Offered, 'width' | 'height' | 'pictures' | 'strip'>> {
  const { width, height } = shown.truth;
  const pictures = Object.fromEntries(
    Object.entries(shown).map(([name, { data }]) => [name, toBase64(data)]),
  ) as Offered['pictures'];
  return { width, height, pictures, strip: await stripOf(Object.values(shown)) };
}

function toBase64(bytes: Uint8Array | Uint8ClampedArray): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += CHUNK) text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(text);
}

async function stripOf(pictures: readonly Picture[]): Promise<string> {
  const [{ width, height }] = pictures as [Picture];
  const column = Math.round((width * STRIP_HEIGHT) / height);
  const canvas = new OffscreenCanvas(column * pictures.length, STRIP_HEIGHT);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser gives no canvas to draw on.');
  for (const [i, { data }] of pictures.entries()) {
    const bitmap = await createImageBitmap(new ImageData(new Uint8ClampedArray(data), width, height));
    context.drawImage(bitmap, i * column, 0, column, STRIP_HEIGHT);
    bitmap.close();
  }
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
  return `data:image/jpeg;base64,${toBase64(new Uint8Array(await blob.arrayBuffer()))}`;
}
