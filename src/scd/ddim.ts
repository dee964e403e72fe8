import type { SchedulerConfig } from '../onnx/configs.ts';
import { SchedulerError } from './errors.ts';

/**
 * One DDIM update as numbers that any device can apply, value by value:
 *
 *     x0   = x0Sample * sample + x0Prediction * prediction
 *     e    = eSample * sample + ePrediction * prediction
 *     next = a * clamp(x0, -clip, clip) + b * e + c * noise
 */
export interface StepCoefficients {
  readonly x0Sample: number;
  readonly x0Prediction: number;
  readonly eSample: number;
  readonly ePrediction: number;
  readonly a: number;
  readonly b: number;
  /** 0 when eta is 0: no noise is needed. */
  readonly c: number;
  /** Infinity: x0 is not clamped. */
  readonly clip: number;
}

/** diffusers' defaults for the fields that a config may leave out. */
const DEFAULTS = {
  prediction_type: 'epsilon',
  timestep_spacing: 'leading',
  steps_offset: 0,
  set_alpha_to_one: true,
  rescale_betas_zero_snr: false,
  clip_sample: true,
  clip_sample_range: 1,
};

/** diffusers' DDIMScheduler as arithmetic: which time steps are visited, and what each update does. */
export class DdimSchedule {
  readonly #config: SchedulerConfig & typeof DEFAULTS;
  /** How much of the clean signal's variance is left at each training time step. */
  readonly #signal: Float64Array;
  readonly #finalSignal: number;

  constructor(config: SchedulerConfig) {
    this.#config = { ...DEFAULTS, ...withoutAbsent(config) };
    this.#signal = cumulativeSignal(this.#config);
    this.#finalSignal = this.#config.set_alpha_to_one ? 1 : at(this.#signal, 0);
  }

  /** The training time steps that `steps` updates visit, noisiest first. */
  timesteps(steps: number): number[] {
    const { num_train_timesteps: total, timestep_spacing: spacing, steps_offset: offset } = this.#config;
    if (!Number.isInteger(steps) || steps < 1 || steps > total) {
      throw new SchedulerError(`${steps} denoising steps were asked for.`, `Ask for 1 to ${total} steps.`);
    }
    switch (spacing) {
      case 'leading': {
        const stride = Math.floor(total / steps);
        return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * stride + offset);
      }
      case 'trailing': {
        const stride = total / steps;
        return Array.from({ length: steps }, (_, i) => roundHalfToEven(total - i * stride) - 1);
      }
      case 'linspace': {
        const stride = steps === 1 ? 0 : (total - 1) / (steps - 1);
        return Array.from({ length: steps }, (_, i) => roundHalfToEven((steps - 1 - i) * stride));
      }
      default:
        throw unknownSetting('timestep_spacing', spacing);
    }
  }

  /** The update from `timestep`, one of `timesteps(steps)`. */
  update(timestep: number, steps: number, eta = 0): StepCoefficients {
    const { num_train_timesteps: total, prediction_type: prediction } = this.#config;
    const signal = this.#signalAt(timestep);
    const noise = 1 - signal;
    const previous = timestep - Math.floor(total / steps);
    const previousSignal = previous >= 0 ? this.#signalAt(previous) : this.#finalSignal;
    const variance = ((1 - previousSignal) / noise) * (1 - signal / previousSignal);
    const deviation = eta * Math.sqrt(variance);
    return {
      ...readings(prediction, Math.sqrt(signal), Math.sqrt(noise), timestep),
      a: Math.sqrt(previousSignal),
      b: Math.sqrt(Math.max(0, 1 - previousSignal - deviation * deviation)),
      c: deviation,
      clip: this.#config.clip_sample ? this.#config.clip_sample_range : Number.POSITIVE_INFINITY,
    };
  }

  /** Weights of a clean latent and of noise that make up the latent at `timestep`. */
  mixture(timestep: number): { readonly clean: number; readonly noise: number } {
    const signal = this.#signalAt(timestep);
    return { clean: Math.sqrt(signal), noise: Math.sqrt(1 - signal) };
  }

  #signalAt(timestep: number): number {
    const signal = this.#signal[timestep];
    if (signal === undefined) {
      throw new SchedulerError(
        `The schedule has no time step ${timestep}.`,
        'Take fewer steps, or correct steps_offset in the scheduler config.',
      );
    }
    return signal;
  }
}

/**
 * The time steps left when denoising starts from a clean latent noised to `strength`: at 1 all of them, as from pure
 * noise; above 0 at least one, so that few-step frames always move.
 */
export function timestepsFrom(strength: number, timesteps: readonly number[]): readonly number[] {
  if (!(strength >= 0 && strength <= 1)) {
    throw new SchedulerError(`A start strength of ${strength} was asked for.`, 'Ask for a strength from 0 to 1.');
  }
  // Not a plain ceil: 0.7 * 10 is a hair above 7.
  const kept = Math.ceil(strength * timesteps.length - 1e-9);
  return timesteps.slice(timesteps.length - kept);
}

/** What a prediction says of the clean latent x0 and of the noise e in a sample. */
function readings(prediction: string, clean: number, noise: number, timestep: number) {
  switch (prediction) {
    case 'epsilon':
      if (clean === 0) {
        throw new SchedulerError(
          `At time step ${timestep} the schedule holds no signal, so a predicted noise cannot tell the image.`,
          'Use v_prediction with rescale_betas_zero_snr, or leave the rescaling off.',
        );
      }
      return { x0Sample: 1 / clean, x0Prediction: -noise / clean, eSample: 0, ePrediction: 1 };
    case 'v_prediction':
      return { x0Sample: clean, x0Prediction: -noise, eSample: noise, ePrediction: clean };
    case 'sample':
      return { x0Sample: 0, x0Prediction: 1, eSample: 1 / noise, ePrediction: -clean / noise };
    default:
      throw unknownSetting('prediction_type', prediction);
  }
}

function cumulativeSignal(config: SchedulerConfig & typeof DEFAULTS): Float64Array {
  const { num_train_timesteps: total, beta_start: start, beta_end: end, beta_schedule: schedule } = config;
  const signal = new Float64Array(total);
  let product = 1;
  for (let t = 0; t < total; t++) {
    product *= 1 - beta(schedule, start, end, total === 1 ? 0 : t / (total - 1));
    signal[t] = product;
  }
  return config.rescale_betas_zero_snr ? rescaledToZeroSignal(signal) : signal;
}

function beta(schedule: string, start: number, end: number, part: number): number {
  switch (schedule) {
    case 'linear':
      return start + (end - start) * part;
    case 'scaled_linear':
      return (Math.sqrt(start) + (Math.sqrt(end) - Math.sqrt(start)) * part) ** 2;
    default:
      throw unknownSetting('beta_schedule', schedule);
  }
}

/** Shifts and stretches the amplitudes so that the last time step is pure noise and the first stays as it was. */
function rescaledToZeroSignal(signal: Float64Array): Float64Array {
  const first = Math.sqrt(at(signal, 0));
  const last = Math.sqrt(at(signal, signal.length - 1));
  return signal.map((value) => (((Math.sqrt(value) - last) * first) / (first - last)) ** 2);
}

/** numpy rounds halves to even, and diffusers rounds with numpy. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor === 0.5) return floor % 2 === 0 ? floor : floor + 1;
  return Math.round(value);
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? Number.NaN;
}

/** A null in the JSON means "as if it were not there". */
function withoutAbsent(config: SchedulerConfig): SchedulerConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value != null)) as unknown as SchedulerConfig;
}

function unknownSetting(field: string, value: string): SchedulerError {
  return new SchedulerError(
    `The scheduler's ${field} is "${value}", which Pirouette does not know.`,
    'Use a pack whose scheduler is a DDIM scheduler with linear or scaled_linear betas.',
  );
}
