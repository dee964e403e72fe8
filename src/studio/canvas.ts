import type { Size } from './settings.ts';

export function canvasOf(
  { width, height }: Size,
  options?: { readonly alpha?: boolean },
): [OffscreenCanvas, OffscreenCanvasRenderingContext2D] {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', options);
  if (!context) throw new Error('This browser cannot draw on a canvas.');
  return [canvas, context];
}
