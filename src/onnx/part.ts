import { TensorRangeError } from './errors.ts';
import { isFiniteHalf, narrowToHalves, widenBrains, widenHalves } from './float.ts';
import { ElementType, encodeModel } from './model.ts';
import { type FloatType, safetensorsHeader, tensorBytes } from './safetensors.ts';
import type { FloatStorage, SegmentPlan, WeightSpec } from './trace.ts';

/** How a pack stores floats. */
export type Precision = 'f16' | 'f32';

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
export function layOutPart(plan: SegmentPlan, precision: Precision, location: string): PartLayout {
  const { type, dtype } = STORAGE[precision];
  const specs = plan.weights.map((weight) => ({
    weight,
    name: weight.name,
    dtype,
    shape: storedShape(weight),
  }));
  const header = safetensorsHeader(specs);
  const places = new Map<WeightSpec, { offset: number; length: number }>();
  let end = header.length;
  for (const spec of specs) {
    const length = tensorBytes(spec);
    places.set(spec.weight, { offset: end, length });
    end += length;
  }
  const graph = plan.graph(
    type,
    location,
    (weight) => places.get(weight) as { offset: number; length: number },
  );
  return { graph: encodeModel(graph), header, weights: plan.weights, weightsBytes: end };
}

const storedShape = ({ shape, transposed }: WeightSpec): readonly number[] =>
  transposed ? [...shape].reverse() : shape;

/** A checkpoint's tensor as the pack stores it. */
export function storeTensor(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: FloatType,
  weight: WeightSpec,
  precision: Precision,
): Uint8Array<ArrayBuffer> {
  const converted = convertFloats(bytes, dtype, weight.name, precision);
  if (!weight.transposed) return converted;
  const [rows, columns] = weight.shape as [number, number];
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
function transpose<T extends Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
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
