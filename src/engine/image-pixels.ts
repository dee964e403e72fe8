import type { ImageProcessorConfig } from '../onnx/configs.ts';
import type { Size } from './fit.ts';

/** A picture as the image encoder takes it: planes of its preprocessed pixels. */
export function imagePixels(image: ImageBitmap, processor: ImageProcessorConfig): Float32Array {
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('This browser gives no canvas to draw on.');
  // A transparent picture stands on white, as it does in a viewer.
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0);
  return processPixels(context.getImageData(0, 0, width, height).data, { width, height }, processor);
}

/** CLIPImageProcessor: resized, cut to its middle, and moved to where the training's pixels lay. `rgba` are bytes. */
export function processPixels(
  rgba: Uint8ClampedArray,
  from: Size,
  { size, crop_size: crop, image_mean: mean, image_std: std }: ImageProcessorConfig,
): Float32Array {
  const to = targetSize(from, size);
  const resized = resize(rgba, from, to);
  const count = crop.width * crop.height;
  const planes = new Float32Array(3 * count);
  const left = Math.floor((to.width - crop.width) / 2);
  const top = Math.floor((to.height - crop.height) / 2);
  for (let y = 0; y < crop.height; y++) {
    for (let x = 0; x < crop.width; x++) {
      const [column, row] = [x + left, y + top];
      // What lies beyond a picture that is smaller than the cut is black.
      const isInside = column >= 0 && row >= 0 && column < to.width && row < to.height;
      for (let channel = 0; channel < 3; channel++) {
        const byte = isInside ? (resized[4 * (row * to.width + column) + channel] as number) : 0;
        planes[channel * count + y * crop.width + x] =
          (byte / 255 - (mean[channel] as number)) / (std[channel] as number);
      }
    }
  }
  return planes;
}

function targetSize({ width, height }: Size, size: ImageProcessorConfig['size']): Size {
  if (!('shortest_edge' in size)) return { width: size.width, height: size.height };
  const edge = size.shortest_edge;
  return width <= height
    ? { width: edge, height: Math.floor((edge * height) / width) }
    : { width: Math.floor((edge * width) / height), height: edge };
}

/** Bicubic over the whole footprint of each new pixel, as PIL does it: a canvas's own way differs from browser to browser. */
function resize(rgba: Uint8ClampedArray, from: Size, to: Size): Uint8ClampedArray {
  const wide = resampleRows(rgba, from.width, from.height, to.width);
  return turn(
    resampleRows(turn(wide, to.width, from.height), from.height, to.width, to.height),
    to.height,
    to.width,
  );
}

/** Each row of `width` pixels to one of `target`. */
function resampleRows(
  pixels: Uint8ClampedArray,
  width: number,
  rows: number,
  target: number,
): Uint8ClampedArray {
  if (width === target) return pixels;
  const result = new Uint8ClampedArray(4 * target * rows);
  const scale = width / target;
  const reach = Math.max(scale, 1);
  for (let x = 0; x < target; x++) {
    const centre = (x + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - 2 * reach + 0.5));
    const last = Math.min(width, Math.floor(centre + 2 * reach + 0.5));
    const shares: number[] = [];
    for (let i = first; i < last; i++) shares.push(cubic((i + 0.5 - centre) / reach));
    const total = shares.reduce((sum, share) => sum + share, 0);
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        shares.forEach((share, i) => {
          sum += share * (pixels[4 * (row * width + first + i) + channel] as number);
        });
        result[4 * (row * target + x) + channel] = Math.floor(sum / total + 0.5);
      }
    }
  }
  return result;
}

/** Keys' kernel with PIL's sharpness. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** Columns as rows. */
function turn(pixels: Uint8ClampedArray, width: number, height: number): Uint8ClampedArray {
  const words = new Uint32Array(pixels.slice().buffer);
  const turned = new Uint32Array(words.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + y] = words[y * width + x] as number;
  }
  return new Uint8ClampedArray(turned.buffer);
}
