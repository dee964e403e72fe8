import { TensorNotFiniteError, TensorRangeError } from './errors.ts';
import { isFiniteHalf, narrowToHalves, widenBrains, widenHalves } from './float.ts';
import { ElementType, encodeModel } from './model.ts';
import { concat } from './proto.ts';
import { isQuantizable, quantize, scaleName } from './quantize.ts';
import { type FloatType, safetensorsHeader, type TensorSpec, tensorBytes } from './safetensors.ts';
import type { FloatStorage, SegmentPlan, WeightPlace, WeightSpec } from './trace.ts';

/** How a pack stores floats. */
export type Precision = 'f16' | 'f32';
/** The same, or large weights in 8 bits and the rest in f16. */
export type Storage = Precision | 'int8';

export const isStorage = (text: string): text is Storage => ['f16', 'f32', 'int8'].includes(text);

export const precisionOf = (storage: Storage): Precision => (storage === 'int8' ? 'f16' : storage);

const STORAGE: Readonly<Record<Precision, { type: FloatStorage; dtype: FloatType }>> = {
  f16: { type: ElementType.float16, dtype: 'F16' },
  f32: { type: ElementType.float, dtype: 'F32' },
};

export interface PartLayout {
  readonly graph: Uint8Array<ArrayBuffer>;
  /** The weights file is this and then every tensor of `weights`, in order. */
  readonly header: Uint8Array<ArrayBuffer>;
  readonly weights: readonly WeightSpec[];
  readonly weightsBytes: number;
}

export interface WeightsLayout {
  readonly header: Uint8Array<ArrayBuffer>;
  /** Every tensor of the file and where it begins, in order. */
  readonly tensors: readonly (TensorSpec & { readonly offset: number })[];
  readonly bytes: number;
}

/** The safetensors file of a graph's weights. One in 8 bits stands behind its scales. */
export function layOutWeights(plan: SegmentPlan, storage: Storage): WeightsLayout {
  const { dtype } = STORAGE[precisionOf(storage)];
  const specs = plan.weights.flatMap((weight): TensorSpec[] => {
    const { name } = weight;
    const shape = storedShape(weight);
    if (!isStoredAsInt8(weight, storage)) return [{ name, dtype, shape }];
    return [
      { name: scaleName(name), dtype, shape: weight.shape.slice(0, 1) },
      { name, dtype: 'I8', shape },
    ];
  });
  const header = safetensorsHeader(specs);
  let end = header.length;
  const tensors = specs.map((spec) => {
    const offset = end;
    end += tensorBytes(spec);
    return { ...spec, offset };
  });
  return { header, tensors, bytes: end };
}

/** Lays out a graph and the safetensors file beside it, whose tensors the graph finds by their place in the file. */
export function layOutPart(plan: SegmentPlan, storage: Storage, location: string): PartLayout {
  const { header, tensors, bytes } = layOutWeights(plan, storage);
  const places = new Map(
    tensors.map((tensor) => [tensor.name, { offset: tensor.offset, length: tensorBytes(tensor) }]),
  );
  const placeOf = (weight: WeightSpec): WeightPlace => {
    const scale = isStoredAsInt8(weight, storage) ? places.get(scaleName(weight.name)) : undefined;
    return { ...(places.get(weight.name) as WeightPlace), ...(scale && { scale }) };
  };
  const graph = encodeModel(plan.graph(STORAGE[precisionOf(storage)].type, location, placeOf));
  return { graph, header, weights: plan.weights, weightsBytes: bytes };
}

const storedShape = ({ shape, transposed }: WeightSpec): readonly number[] =>
  transposed ? [...shape].reverse() : shape;

const isStoredAsInt8 = (weight: WeightSpec, storage: Storage): boolean =>
  storage === 'int8' && isQuantizable(weight);

/** A checkpoint's tensor as the pack stores it; one in 8 bits stands behind its scales. */
export function storeTensor(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: FloatType,
  weight: WeightSpec,
  storage: Storage,
): Uint8Array<ArrayBuffer> {
  const [rows = 1, columns = 1] = weight.shape;
  if (isStoredAsInt8(weight, storage)) {
    const floats = new Float32Array(convertFloats(bytes, dtype, weight.name, 'f32').buffer);
    const { values, scales } = quantize(floats, rows, weight.name);
    const turned = weight.transposed ? transpose(values, rows, columns) : values;
    return concat([new Uint8Array(scales.buffer), new Uint8Array(turned.buffer)]);
  }
  const precision = precisionOf(storage);
  const converted = convertFloats(bytes, dtype, weight.name, precision);
  if (!weight.transposed) return converted;
  const values = precision === 'f16' ? new Uint16Array(converted.buffer) : new Uint32Array(converted.buffer);
  return new Uint8Array(transpose(values, rows, columns).buffer);
}

/** The bits of an exponent, which are all set in what is no finite number. */
const EXPONENT = { F16: 0x7c00, BF16: 0x7f80, F32: 0x7f800000 } as const;

function expectFinite({ buffer }: Uint8Array<ArrayBuffer>, dtype: FloatType, name: string): void {
  const mask = EXPONENT[dtype];
  const words = dtype === 'F32' ? new Uint32Array(buffer) : new Uint16Array(buffer);
  let count = 0;
  for (const word of words) if ((word & mask) === mask) count++;
  if (count > 0) throw new TensorNotFiniteError(name, count);
}

/** The result begins its buffer. */
function convertFloats(
  source: Uint8Array<ArrayBuffer>,
  dtype: FloatType,
  name: string,
  precision: Precision,
): Uint8Array<ArrayBuffer> {
  const bytes =
    source.byteOffset === 0 && source.byteLength === source.buffer.byteLength ? source : source.slice();
  expectFinite(bytes, dtype, name);
  if (dtype === STORAGE[precision].dtype) return bytes;
  const values =
    dtype === 'F32'
      ? new Float32Array(bytes.buffer)
      : dtype === 'F16'
        ? widenHalves(new Uint16Array(bytes.buffer))
        : widenBrains(new Uint16Array(bytes.buffer));
  if (precision === 'f32') return new Uint8Array(values.buffer);
  const halves = narrowToHalves(values);
  for (let i = 0; i < halves.length; i++) {
    if (!isFiniteHalf(halves[i] as number)) throw new TensorRangeError(name);
  }
  return new Uint8Array(halves.buffer);
}

/** In tiles, so that both sides stay in the processor's cache. */
function transpose<T extends Int8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  values: T,
  rows: number,
  columns: number,
): T {
  const TILE = 32;
  const turned = new (values.constructor as new (length: number) => T)(values.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(left + TILE, columns);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          turned[column * rows + row] = values[row * columns + column] as number;
        }
      }
    }
  }
  return turned;
}
