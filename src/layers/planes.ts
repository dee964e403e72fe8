export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A picture as the networks take it: its channels one after another. */
export interface Planes extends Size {
  readonly channels: number;
  readonly data: Float32Array<ArrayBuffer>;
}

export function planesOf(
  { width, height }: Size,
  channels: number,
  data = new Float32Array(channels * width * height),
): Planes {
  return { width, height, channels, data };
}

/** Several pictures of one size as one. */
export function stacked(...pictures: readonly Planes[]): Planes {
  const [first] = pictures as [Planes];
  const channels = pictures.reduce((sum, picture) => sum + picture.channels, 0);
  const result = planesOf(first, channels);
  let at = 0;
  for (const { data } of pictures) {
    result.data.set(data, at);
    at += data.length;
  }
  return result;
}

/** Some channels of it; they share its values. */
export function some({ width, height, data }: Planes, from: number, to: number): Planes {
  const count = width * height;
  return { width, height, channels: to - from, data: data.subarray(from * count, to * count) };
}
