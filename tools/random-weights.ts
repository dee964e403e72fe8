import { createHash } from 'node:crypto';
import { narrowToHalves } from '../src/onnx/float.ts';
import { concat } from '../src/onnx/proto.ts';
import { type FloatType, safetensorsHeader, type TensorSpec, tensorBytes } from '../src/onnx/safetensors.ts';
import type { Tensors } from './diffusers-tensors.ts';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const jsonFile = (json: unknown): Uint8Array<ArrayBuffer> =>
  concat([new TextEncoder().encode(JSON.stringify(json))]);

/** Small random weights, the same for the same seed. */
export function safetensorsFile(
  tensors: Tensors,
  dtype: FloatType = 'F32',
  seed = 1,
): Uint8Array<ArrayBuffer> {
  const specs = [...tensors].map(([name, shape]) => ({ name, shape, dtype }));
  return concat([
    safetensorsHeader(specs),
    ...specs.map((spec) => randomFloats(tensorBytes(spec), dtype, seed++)),
  ]);
}

/** Bytes of floats between about -0.1 and 0.1. */
export function randomFloats(length: number, dtype: FloatType, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const next = randomWords(seed);
  if (dtype === 'F32') {
    const values = new Float32Array(bytes.buffer);
    for (let i = 0; i < values.length; i++) values[i] = (next() / 2 ** 31) * 0.1;
  } else {
    // Any mantissa and sign under the exponent of about 0.05.
    const [sign, mantissa, base] = dtype === 'F16' ? [0x8000, 0x3ff, 10 << 10] : [0x8000, 0x7f, 122 << 7];
    const values = new Uint16Array(bytes.buffer);
    for (let i = 0; i < values.length; i++) values[i] = base | (next() & (sign | mantissa));
  }
  return bytes;
}

/**
 * Bytes of one tensor's floats, of a spread with which values neither die nor explode on their way through a network,
 * however deep: matrices by what they sum over, norms' scales around one.
 */
export function steadyFloats({ name, dtype, shape }: TensorSpec, seed: number): Uint8Array<ArrayBuffer> {
  const next = randomWords(seed);
  const isMatrix = shape.length > 1;
  const summed = shape.slice(1).reduce((product, dim) => product * dim, 1);
  // Even between -reach and reach: a standard deviation of reach / sqrt(3).
  const reach = isMatrix ? Math.sqrt(3 / summed) : 0.2;
  const centre = !isMatrix && name.endsWith('.weight') ? 1 : 0;
  const values = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  for (let i = 0; i < values.length; i++) values[i] = centre + (next() / 2 ** 31) * reach;
  if (dtype === 'F32') return new Uint8Array(values.buffer);
  if (dtype === 'F16') return new Uint8Array(narrowToHalves(values).buffer);
  return new Uint8Array(Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16).buffer);
}

/** Signed words of 32 bits, the same for the same seed. */
function randomWords(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}
