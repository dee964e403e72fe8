import { createHash } from 'node:crypto';
import { concat } from '../src/onnx/proto.ts';
import { type FloatType, safetensorsHeader, tensorBytes } from '../src/onnx/safetensors.ts';
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
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
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
