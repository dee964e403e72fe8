/**
 * Where each cell of a picture's latents lies, for a pose encoder that asks for it: sine and cosine across, then down, of
 * so many periods over the picture, at the middles of the cells. (4 a period count, height, width)
 */
export function positionWaves(
  periods: readonly number[],
  height: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(4 * periods.length * height * width);
  let at = 0;
  for (const count of periods) {
    const angles = [
      (_y: number, x: number) => (2 * Math.PI * count * (x + 0.5)) / width,
      (y: number, _x: number) => (2 * Math.PI * count * (y + 0.5)) / height,
    ];
    for (const angle of angles) {
      for (const wave of [Math.sin, Math.cos]) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) values[at++] = wave(angle(y, x));
        }
      }
    }
  }
  return values;
}

/** What a pose encoder takes beside the skeleton, by name, for pictures of this size. */
export function positionInputs(
  config: { readonly position_waves?: readonly number[]; readonly block_out_channels: readonly number[] },
  picture: { readonly width: number; readonly height: number },
): Record<string, { readonly data: Float32Array<ArrayBuffer>; readonly shape: readonly number[] }> {
  const { position_waves: periods = [], block_out_channels: widths } = config;
  if (periods.length === 0) return {};
  const shrink = 2 ** (widths.length - 1);
  const height = Math.ceil(picture.height / shrink);
  const width = Math.ceil(picture.width / shrink);
  const shape = [1, 4 * periods.length, height, width];
  return { position: { data: positionWaves(periods, height, width), shape } };
}
