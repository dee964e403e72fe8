import type { StepCoefficients } from './ddim.ts';

const f32 = Math.fround;

/** The formula beside StepCoefficients, value by value, rounded to f32 after every operation as a device does. */
export function applyUpdate(
  update: StepCoefficients,
  sample: ArrayLike<number>,
  prediction: ArrayLike<number>,
  noise?: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(sample, (s, i) => {
    const p = prediction[i] ?? Number.NaN;
    const x0 = f32(f32(f32(update.x0Sample * s) + f32(update.x0Prediction * p)) / update.x0Divisor);
    const clamped = Math.min(update.clip, Math.max(-update.clip, x0));
    const e = f32(f32(f32(update.eSample * s) + f32(update.ePrediction * p)) / update.eDivisor);
    const random = update.c === 0 ? 0 : f32(update.c * (noise?.[i] ?? Number.NaN));
    return f32(f32(update.a * clamped) + f32(update.b * e)) + random;
  });
}
