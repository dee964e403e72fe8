import type { ImageEncoderConfig, ImageProcessorConfig } from '../onnx/configs.ts';
import { UnknownArchitectureError } from '../onnx/errors.ts';

/** CLIP's own. */
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const STD = [0.26862954, 0.26130258, 0.27577711];

/** PIL's number for bicubic resampling. */
const BICUBIC = 3;

/** Steps that are always taken. */
const STEPS = ['do_resize', 'do_rescale', 'do_normalize', 'do_convert_rgb'];

/**
 * What a preprocessor_config.json comes to, with transformers' defaults; without one the whole picture is stretched to
 * a square where `stretched`, and else its middle is taken.
 */
export function imageProcessorOf(
  json: Readonly<Record<string, unknown>> | undefined,
  { image_size: side }: ImageEncoderConfig,
  stretched: boolean,
): ImageProcessorConfig {
  const wrong = (key: string) =>
    new UnknownArchitectureError('image processor', `${key} is ${JSON.stringify(json?.[key])}`);
  const square = { height: side, width: side };
  if (json === undefined) {
    const size = stretched ? square : { shortest_edge: side };
    return { size, crop_size: square, image_mean: MEAN, image_std: STD };
  }
  for (const key of STEPS) if ((json[key] ?? true) !== true) throw wrong(key);
  if ((json.resample ?? BICUBIC) !== BICUBIC) throw wrong('resample');
  const scale = json.rescale_factor ?? 1 / 255;
  if (typeof scale !== 'number' || Math.abs(scale * 255 - 1) > 1e-6) throw wrong('rescale_factor');

  const { shortest_edge: edge, height, width } = lengths(json.size, 'shortest_edge') ?? {};
  const size = isSide(edge)
    ? { shortest_edge: edge }
    : isSide(height) && isSide(width)
      ? { height, width }
      : undefined;
  if (json.size != null && size === undefined) throw wrong('size');
  const crops = json.do_center_crop ?? true;
  const crop = crops ? (lengths(json.crop_size, 'height', 'width') ?? square) : lengths(size, 'height');
  if (crop?.height !== side || crop.width !== side) throw wrong(crops ? 'crop_size' : 'size');
  const three = (key: string, fallback: readonly number[]): readonly number[] => {
    const list = json[key] ?? fallback;
    if (!Array.isArray(list) || list.length !== 3 || !list.every(Number.isFinite)) throw wrong(key);
    return list;
  };
  const std = three('image_std', STD);
  if (!std.every((value) => value > 0)) throw wrong('image_std');
  return {
    size: size ?? { shortest_edge: side },
    crop_size: square,
    image_mean: three('image_mean', MEAN),
    image_std: std,
  };
}

/** Older releases state one number where newer ones name the sides. */
function lengths(value: unknown, ...names: readonly string[]): Record<string, unknown> | undefined {
  if (typeof value === 'number') return Object.fromEntries(names.map((name) => [name, value]));
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

const isSide = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 4096;

/** That a pack.json's image processor can be followed. */
export function isImageProcessor(value: unknown): value is ImageProcessorConfig {
  const { size, crop_size, image_mean, image_std } = (value ?? {}) as Partial<ImageProcessorConfig>;
  const sides = (size ?? {}) as Record<string, unknown>;
  const isThree = (list: unknown) => Array.isArray(list) && list.length === 3 && list.every(Number.isFinite);
  return (
    (isSide(sides.shortest_edge) || (isSide(sides.height) && isSide(sides.width))) &&
    isSide(crop_size?.height) &&
    isSide(crop_size.width) &&
    isThree(image_mean) &&
    isThree(image_std)
  );
}
