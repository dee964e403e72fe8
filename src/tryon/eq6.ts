/**
 * Painting inside a mask (the paper's Eq. 6): at every step what lies outside is put back as it is, clean. Reference
 * code on plain arrays, for the tests and for whoever ports it to a device.
 */
export function keepOutside(
  mask: Float32Array,
  noisy: Float32Array,
  clean: Float32Array,
): Float32Array<ArrayBuffer> {
  // A mask of one plane holds for all channels.
  const count = mask.length;
  return Float32Array.from(noisy, (value, i) => {
    const share = mask[i % count] as number;
    return share * value + (1 - share) * (clean[i] as number);
  });
}

/** The mask of the latents: a cell is painted where any of its pixels is. */
export function maskOfCells(
  alpha: Float32Array,
  width: number,
  height: number,
  cell: number,
): Float32Array<ArrayBuffer> {
  const across = width / cell;
  const cells = new Float32Array(across * (height / cell));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = Math.floor(y / cell) * across + Math.floor(x / cell);
      cells[at] = Math.max(cells[at] as number, (alpha[y * width + x] as number) > 0 ? 1 : 0);
    }
  }
  return cells;
}
