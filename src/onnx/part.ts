import { TensorRangeError } from './errors.ts';
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

/** Lays out a graph and the safetensors file beside it, whose tensors the graph finds by their place in the file. */
export function layOutPart(plan: SegmentPlan, storage: Storage, location: string): PartLayout {
  const { type, dtype } = STORAGE[precisionOf(storage)];
  const stored = plan.weights.map((weight): StoredWeight => {
    const { name } = weight;
    const shape = storedShape(weight);
    if (!isStoredAsInt8(weight, storage)) return { weight, tensor: { name, dtype, shape } };
    const scale = { name: scaleName(name), dtype, shape: weight.shape.slice(0, 1) };
    return { weight, scale, tensor: { name, dtype: 'I8', shape } };
  });
  const header = safetensorsHeader(stored.flatMap(({ scale, tensor }) => (scale ? [scale, tensor] : tensor)));
  const places = new Map<WeightSpec, WeightPlace>();
  let end = header.length;
  const place = (tensor: TensorSpec) => {
    const length = tensorBytes(tensor);
    end += length;
    return { offset: end - length, length };
  };
  for (const { weight, scale, tensor } of stored) {
    const scalePlace = scale && place(scale);
    places.set(weight, { ...place(tensor), ...(scalePlace && { scale: scalePlace }) });
  }
  const graph = plan.graph(type, location, (weight) => places.get(weight) as WeightPlace);
  return { graph: encodeModel(graph), header, weights: plan.weights, weightsBytes: end };
}

interface StoredWeight {
  readonly weight: WeightSpec;
  readonly scale?: TensorSpec;
  readonly tensor: TensorSpec;
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

/** The result begins its buffer. */
function convertFloats(
  source: Uint8Array<ArrayBuffer>,
  dtype: FloatType,
  name: string,
  precision: Precision,
): Uint8Array<ArrayBuffer> {
  const bytes =
    source.byteOffset === 0 && source.byteLength === source.buffer.byteLength ? source : source.slice();
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
    if (!isFiniteHalf(halves[i] as number) && Number.isFinite(values[i])) throw new TensorRangeError(name);
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
