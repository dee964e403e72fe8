/** A 2D context, or a plain reason: a browser that is out of memory gives none. */
export function context2d(
  canvas: OffscreenCanvas,
  options?: { readonly alpha?: boolean; readonly willReadFrequently?: boolean },
): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', options);
  if (context === null) throw new Error('The browser gives no 2D canvas; it may be out of memory.');
  return context;
}
