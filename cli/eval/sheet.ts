import type { Picture } from '../../src/metrics/picture.ts';
import { drawSkeleton } from '../../src/pose/skeleton.ts';
import type { SkeletonStyle } from '../../src/pose/types.ts';
import { philox4x32 } from '../../src/scd/noise.ts';
import { type Pair, placed } from './set.ts';

const ROWS = 8;
const COLUMNS = ['reference', 'pose', '25 steps', '4 steps', 'truth'];
const HEADING = 24;

interface Row {
  readonly pair: Pair;
  readonly truth: Picture;
  readonly many: Picture;
  readonly few: Picture;
}

/** Reference, skeleton, many steps, few steps and truth of some people, chosen by chance and not by looks. */
export class ContactSheet {
  readonly #style: SkeletonStyle;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #rows = new Map<string, { readonly lot: number; readonly row: Row }>();
  #offered = 0;

  constructor(style: SkeletonStyle, size: { readonly width: number; readonly height: number }) {
    this.#style = style;
    this.#size = size;
  }

  /** Each person draws a lot, the same in every run; the highest ones stay. */
  offer(person: string, row: Row): void {
    const lot = philox4x32([this.#offered++, 0, 0, 0], [8, 8])[0] ?? 0;
    if ((this.#rows.get(person)?.lot ?? -1) >= lot) return;
    this.#rows.set(person, { lot, row });
    if (this.#rows.size <= ROWS) return;
    const [lowest] = [...this.#rows].reduce((a, b) => (b[1].lot < a[1].lot ? b : a));
    this.#rows.delete(lowest);
  }

  /** As a data URL. */
  async png(): Promise<string> {
    const { width, height } = this.#size;
    const canvas = document.createElement('canvas');
    canvas.width = width * COLUMNS.length;
    canvas.height = HEADING + height * this.#rows.size;
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('This browser gives no canvas to draw on.');
    context.fillStyle = 'white';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = 'black';
    context.font = '14px sans-serif';
    COLUMNS.forEach((title, i) => void context.fillText(title, i * width + 6, 17));
    [...this.#rows.values()].forEach(({ row: { pair, truth, many, few } }, i) => {
      const pictures = [placed(pair.reference.image, this.#size), this.#skeleton(pair), many, few, truth];
      pictures.forEach(({ data }, column) => {
        const image = new ImageData(new Uint8ClampedArray(data), width, height);
        context.putImageData(image, column * width, HEADING + i * height);
      });
    });
    return canvas.toDataURL('image/png');
  }

  #skeleton({ target }: Pair): Picture {
    const rgb = drawSkeleton(target.pose, this.#style);
    const data = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
    for (let i = 0; i < rgb.length; i++) data[Math.floor(i / 3) * 4 + (i % 3)] = rgb[i] as number;
    return { ...this.#size, data };
  }
}
