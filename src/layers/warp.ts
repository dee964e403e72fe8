import { type Planes, planesOf } from './planes.ts';

/**
 * A picture read at places, two planes of shares of its width and height: bilinear between the middles of pixels, and
 * outside the edge goes on. (PyTorch: grid_sample of 2 * places - 1, "border", no aligned corners.)
 */
export function warp(picture: Planes, places: Planes): Planes {
  const { width, height, channels, data } = picture;
  const count = places.width * places.height;
  const result = planesOf(places, channels);
  for (let i = 0; i < count; i++) {
    const x = clamp((places.data[i] as number) * width - 0.5, width - 1);
    const y = clamp((places.data[count + i] as number) * height - 0.5, height - 1);
    const left = Math.floor(x);
    const top = Math.floor(y);
    const right = left < width - 1 ? 1 : 0;
    const below = top < height - 1 ? width : 0;
    for (let channel = 0; channel < channels; channel++) {
      const from = (channel * height + top) * width + left;
      const upper = mix(data[from] as number, data[from + right] as number, x - left);
      const lower = mix(data[from + below] as number, data[from + below + right] as number, x - left);
      result.data[channel * count + i] = mix(upper, lower, y - top);
    }
  }
  return result;
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
const mix = (a: number, b: number, share: number): number => a + share * (b - a);
