import type { Picture } from '../../src/metrics/picture.ts';
import { drawSkeleton } from '../../src/pose/skeleton.ts';
import type { Pose, SkeletonStyle } from '../../src/pose/types.ts';
import { philox4x32 } from '../../src/scd/noise.ts';

const ROWS = 8;
const HEADING = 24;

/** What stands in a row, from the left; the pose as a skeleton. */
type Row = readonly (Picture | Pose)[];

/** Some rows of all that are offered, chosen by chance and not by looks. */
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
  async png(titles: readonly string[]): Promise<string> {
    const { width, height } = this.#size;
    const canvas = document.createElement('canvas');
    canvas.width = width * titles.length;
    canvas.height = HEADING + height * this.#rows.size;
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('This browser gives no canvas to draw on.');
    context.fillStyle = 'white';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = 'black';
    context.font = '14px sans-serif';
    titles.forEach((title, i) => void context.fillText(title, i * width + 6, 17));
    [...this.#rows.values()].forEach(({ row }, i) => {
      row.forEach((cell, column) => {
        const { data } = 'joints' in cell ? this.#skeleton(cell) : cell;
        const image = new ImageData(new Uint8ClampedArray(data), width, height);
        context.putImageData(image, column * width, HEADING + i * height);
      });
    });
    return canvas.toDataURL('image/png');
  }

  #skeleton(pose: Pose): Picture {
    const rgb = drawSkeleton(pose, this.#style);
    const data = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
    for (let i = 0; i < rgb.length; i++) data[Math.floor(i / 3) * 4 + (i % 3)] = rgb[i] as number;
    return { ...this.#size, data };
  }
}
