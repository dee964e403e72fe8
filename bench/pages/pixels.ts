export function pixelsOf(image: CanvasImageSource & { width: number; height: number }): Uint8ClampedArray {
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('This browser gives no canvas.');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

/** Of 255, over what is opaque RGB. */
export function meanDifference(a: Uint8ClampedArray, b: Uint8ClampedArray): number {
  const sum = a.reduce((total, value, i) => total + Math.abs(value - (b[i] as number)), 0);
  // Every fourth value is the alpha, which never differs.
  return sum / (a.length * 0.75);
}
