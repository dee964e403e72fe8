import { describe, expect, it } from 'vitest';
import { numbersOf, readTensors } from '../../tools/run-parts.ts';
import { imageProcessorOf } from '../pack/image-processor.ts';
import { processPixels } from './image-pixels.ts';

const SIDE = 24;
const ENCODER = { image_size: SIDE } as Parameters<typeof imageProcessorOf>[1];
/** One step of a byte, where two ways of rounding part. */
const STEP = 1.01 / 255 / 0.26130258;

describe('pixels for an image encoder are those of PIL', async () => {
  const truth = await readTensors('fixtures/image-encoder/processed.safetensors');

  it.each(['tall', 'wide', 'small'])('from a %s picture', (name) => {
    const { shape, values } = numbersOf(truth, name);
    const [height = 0, width = 0] = shape;
    const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
    values.forEach((value, i) => {
      rgba[4 * Math.floor(i / 3) + (i % 3)] = value;
    });
    for (const [way, isStretched] of [
      ['middle', false],
      ['stretched', true],
    ] as const) {
      const expected = numbersOf(truth, `${name}.${way}`).values;
      const found = processPixels(rgba, { width, height }, imageProcessorOf(undefined, ENCODER, isStretched));
      const errors = Array.from(found, (value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
      expect(found).toHaveLength(3 * SIDE * SIDE);
      expect(Math.max(...errors), way).toBeLessThan(STEP);
      expect(errors.filter((error) => error > 1e-4).length, way).toBeLessThan(errors.length / 1000);
    }
  });

  it('and black beyond a picture that is smaller than what is cut from it', () => {
    const processor = {
      ...imageProcessorOf(undefined, ENCODER, false),
      size: { shortest_edge: 3 },
      crop_size: { width: 4, height: 4 },
      image_mean: [0, 0, 0],
      image_std: [1, 1, 1],
    };
    const white = new Uint8ClampedArray(4 * 9).fill(255);
    const red = processPixels(white, { width: 3, height: 3 }, processor).slice(0, 16);
    // transformers puts the odd line of black above and to the left.
    expect([...red]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]);
  });
});

describe("a preprocessor's config", () => {
  const of = (json: Record<string, unknown>) => imageProcessorOf(json, ENCODER, false);

  it('is read as older and newer releases write it', () => {
    const cut = { crop_size: { width: 24, height: 24 } };
    expect(of({ size: 30, crop_size: 24 })).toMatchObject({ size: { shortest_edge: 30 }, ...cut });
    expect(of({ size: { shortest_edge: 30 }, crop_size: cut.crop_size })).toMatchObject({
      size: { shortest_edge: 30 },
      ...cut,
    });
    expect(of({ size: { height: 24, width: 24 }, do_center_crop: false })).toMatchObject({
      size: { height: 24, width: 24 },
      ...cut,
    });
    expect(of({ image_mean: [0.5, 0.5, 0.5] })).toMatchObject({ image_mean: [0.5, 0.5, 0.5] });
  });

  it.each([
    { resample: 2 },
    { do_normalize: false },
    { rescale_factor: 1 },
    { crop_size: 20 },
    { size: { longest_edge: 24 } },
    { size: { shortest_edge: 24 }, do_center_crop: false },
    { image_std: [1, 0, 1] },
  ])('is refused with %o', (json) => {
    expect(() => of(json)).toThrow(/The image processor's config/);
  });
});
