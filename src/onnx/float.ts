/** Half and brain floats to float32 and back, by table: Float16Array is too new for some browsers and for Node 20. */

import { TensorRangeError } from './errors.ts';

let widened: Uint32Array | undefined;

function widenTable(): Uint32Array {
  if (widened) return widened;
  const table = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const mantissa = half & 1023;
    if (exponent === 31) table[half] = sign | 0x7f800000 | (mantissa << 13);
    else if (exponent > 0) table[half] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    else if (mantissa === 0) table[half] = sign;
    else {
      const shift = Math.clz32(mantissa) - 21;
      table[half] = sign | ((113 - shift) << 23) | (((mantissa << shift) & 1023) << 13);
    }
  }
  widened = table;
  return table;
}

export function widenHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const table = widenTable();
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = table[halves[i] as number] as number;
  return new Float32Array(bits.buffer);
}

export function widenBrains(brains: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(brains.length);
  for (let i = 0; i < brains.length; i++) bits[i] = (brains[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

/** The bytes of float64 to those of float32. */
export function narrowDoubles(bytes: Uint8Array<ArrayBuffer>, name: string): Uint8Array<ArrayBuffer> {
  const doubles = new Float64Array(bytes.slice().buffer);
  const floats = Float32Array.from(doubles);
  const isTooLarge = floats.some((value, i) => !Number.isFinite(value) && Number.isFinite(doubles[i]));
  if (isTooLarge) throw new TensorRangeError(name, 'f32');
  return new Uint8Array(floats.buffer);
}

/** Rounds to the nearest half, ties to even; what is too large becomes infinite. */
export function narrowToHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] as number;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00;
    else if (magnitude >= 0x477ff000) half = 0x7c00;
    else if (magnitude >= 0x38800000)
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    else if (magnitude > 0x33000000) {
      const shift = 126 - (magnitude >>> 23);
      const mantissa = (magnitude & 0x7fffff) | 0x800000;
      const whole = mantissa >>> shift;
      const rest = mantissa & ((1 << shift) - 1);
      const tie = 1 << (shift - 1);
      half = whole + (rest > tie || (rest === tie && (whole & 1) === 1) ? 1 : 0);
    } else half = 0;
    halves[i] = sign | half;
  }
  return halves;
}

/** Infinite or not a number. */
export const isFiniteHalf = (half: number): boolean => (half & 0x7c00) !== 0x7c00;
