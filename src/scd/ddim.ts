import type { SchedulerConfig } from '../onnx/configs.ts';
import { SchedulerError } from './errors.ts';

/**
 * One DDIM update as numbers that any device can apply, value by value:
 *
 *     x0   = (x0Sample * sample + x0Prediction * prediction) / x0Divisor
 *     e    = (eSample * sample + ePrediction * prediction) / eDivisor
 *     next = a * clamp(x0, -clip, clip) + b * e + c * noise
 *
 * The divisors stand apart because folding them into the factors costs an f32 device what the parity with diffusers
 * has to spare: at small signals each rounding is magnified.
 */
export interface StepCoefficients {
  readonly x0Sample: number;
  readonly x0Prediction: number;
  readonly x0Divisor: number;
  readonly eSample: number;
  readonly ePrediction: number;
  readonly eDivisor: number;
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

/**
 * diffusers' DDIMScheduler as arithmetic: which time steps are visited, and what each update does. It rounds to f32
 * where diffusers does: small signals and differences magnify each rounding, to 3e-5 after 25 steps if left out.
 */
export class DdimSchedule {
  readonly #config: SchedulerConfig & typeof DEFAULTS;
  /** How much of the clean signal's variance is left at each training time step. */
  readonly #signal: Float32Array;
  readonly #finalSignal: number;

  /** Throws for settings that change what is painted and are not known here. */
  constructor(config: SchedulerConfig) {
    this.#config = { ...DEFAULTS, ...withoutAbsent(config) };
    expectKnown(this.#config);
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
      default: {
        const stride = steps === 1 ? 0 : (total - 1) / (steps - 1);
        return Array.from({ length: steps }, (_, i) => roundHalfToEven((steps - 1 - i) * stride));
      }
    }
  }

  /** The update from `timestep`, one of `timesteps(steps)`. */
  update(timestep: number, steps: number, eta = 0): StepCoefficients {
    const { num_train_timesteps: total, prediction_type: prediction } = this.#config;
    const signal = this.#signalAt(timestep);
    const noise = f32(1 - signal);
    const previous = timestep - Math.floor(total / steps);
    const previousSignal = previous >= 0 ? this.#signalAt(previous) : this.#finalSignal;
    const previousNoise = f32(1 - previousSignal);
    const variance = f32(f32(previousNoise / noise) * f32(1 - f32(signal / previousSignal)));
    const deviation = f32(eta * f32(Math.sqrt(variance)));
    return {
      ...readings(prediction, f32(Math.sqrt(signal)), f32(Math.sqrt(noise)), timestep),
      a: f32(Math.sqrt(previousSignal)),
      b: f32(Math.sqrt(Math.max(0, f32(previousNoise - f32(deviation * deviation))))),
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
    throw new SchedulerError(
      `A start strength of ${strength} was asked for.`,
      'Ask for a strength from 0 to 1.',
    );
  }
  // Not a plain ceil: 0.7 * 10 is a hair above 7.
  const kept = Math.ceil(strength * timesteps.length - 1e-9);
  return timesteps.slice(timesteps.length - kept);
}

/** What a prediction says of the clean latent x0 and of the noise e in a sample. */
function readings(prediction: string, clean: number, noise: number, timestep: number) {
  const plain = { x0Divisor: 1, eDivisor: 1 };
  switch (prediction) {
    case 'epsilon':
      if (clean === 0) {
        throw new SchedulerError(
          `At time step ${timestep} the schedule holds no signal, so a predicted noise cannot tell the image.`,
          'Use v_prediction with rescale_betas_zero_snr, or leave the rescaling off.',
        );
      }
      return { ...plain, x0Sample: 1, x0Prediction: -noise, x0Divisor: clean, eSample: 0, ePrediction: 1 };
    case 'v_prediction':
      return { ...plain, x0Sample: clean, x0Prediction: -noise, eSample: noise, ePrediction: clean };
    default:
      return { ...plain, x0Sample: 0, x0Prediction: 1, eSample: 1, ePrediction: -clean, eDivisor: noise };
  }
}

function cumulativeSignal(config: SchedulerConfig & typeof DEFAULTS): Float32Array {
  const alphas = betas(config).map((beta) => 1 - beta);
  const signal = cumulativeProduct(alphas);
  return config.rescale_betas_zero_snr ? rescaledToZeroSignal(signal) : signal;
}

const KNOWN = {
  beta_schedule: ['linear', 'scaled_linear', 'squaredcos_cap_v2'],
  prediction_type: ['epsilon', 'v_prediction', 'sample'],
  timestep_spacing: ['leading', 'trailing', 'linspace'],
};

/** Published schedules have 1,000. */
const MOST_TIMESTEPS = 100_000;

function expectKnown(config: SchedulerConfig): void {
  const {
    num_train_timesteps: total,
    beta_schedule: schedule,
    trained_betas: trained,
    thresholding,
  } = config;
  if (!Number.isInteger(total) || total < 2 || total > MOST_TIMESTEPS)
    throw unknownSetting('num_train_timesteps', total);
  for (const [field, known] of Object.entries(KNOWN)) {
    const isNeeded = field !== 'beta_schedule' || trained == null;
    if (isNeeded && !known.includes(config[field] as string)) throw unknownSetting(field, config[field]);
  }
  const isVariance = (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1;
  for (const field of trained == null && schedule !== 'squaredcos_cap_v2' ? ['beta_start', 'beta_end'] : [])
    if (!isVariance(config[field])) throw unknownSetting(field, config[field]);
  if (trained != null && !(Array.isArray(trained) && trained.length === total && trained.every(isVariance))) {
    throw new SchedulerError(
      `The scheduler's trained_betas are not ${total} numbers from 0 to 1, one for each of its time steps.`,
      'Use the scheduler_config.json that was saved with these weights.',
    );
  }
  if (thresholding === true) {
    throw new SchedulerError(
      'The scheduler asks for thresholding, which suits networks that paint pixels and is not done on latents.',
      'Set "thresholding" to false in the scheduler\'s config, as the weights of a latent diffusion model have it.',
    );
  }
}

function betas(config: SchedulerConfig): Float32Array {
  const { num_train_timesteps: total, beta_start: start, beta_end: end, trained_betas: trained } = config;
  if (trained != null) return Float32Array.from(trained);
  switch (config.beta_schedule) {
    case 'linear':
      return linspace(start, end, total);
    case 'scaled_linear':
      return linspace(Math.sqrt(start), Math.sqrt(end), total).map((root) => root * root);
    default:
      return cosineBetas(total);
  }
}

/** What makes the signal fall as a squared cosine does, but never all of it in one step. */
function cosineBetas(count: number): Float32Array {
  const signalAt = (share: number) => Math.cos((((share + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(1 - signalAt((i + 1) / count) / signalAt(i / count), 0.999),
  );
}

/**
 * PyTorch's, to the last bit: it counts in vectors of eight, those of the first half from the start and the others
 * from the end, and rounds each vector's first value before adding to it.
 */
function linspace(start: number, end: number, count: number): Float32Array {
  const step = f32((f32(end) - f32(start)) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) => {
    const lane = i % 8;
    const first = i - lane;
    const base = first < count / 2 ? f32(start) + step * first : f32(end) - step * (count - 1 - first);
    return f32(base) + f32(step * lane);
  });
}

function cumulativeProduct(factors: Float32Array): Float32Array {
  let product = 1;
  return factors.map((factor) => (product *= factor));
}

/** Shifts and stretches the amplitudes so that the last time step is pure noise and the first stays as it was. */
function rescaledToZeroSignal(signal: Float32Array): Float32Array {
  const first = Math.sqrt(at(signal, 0));
  const last = Math.sqrt(at(signal, signal.length - 1));
  const squares = signal.map((value) => (((Math.sqrt(value) - last) * first) / (first - last)) ** 2);
  // diffusers goes back to betas and multiplies them up again.
  const alphas = squares.map((value, t) => (t === 0 ? value : value / at(squares, t - 1)));
  return cumulativeProduct(alphas);
}

const f32 = Math.fround;

/** numpy rounds halves to even, and diffusers rounds with numpy. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor === 0.5) return floor % 2 === 0 ? floor : floor + 1;
  return Math.round(value);
}

function at(values: Float32Array, index: number): number {
  return values[index] ?? Number.NaN;
}

/** A null in the JSON means "as if it were not there". */
function withoutAbsent(config: SchedulerConfig): SchedulerConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => value != null),
  ) as unknown as SchedulerConfig;
}

function unknownSetting(field: string, value: unknown): SchedulerError {
  const known = KNOWN[field as keyof typeof KNOWN];
  return new SchedulerError(
    value === undefined
      ? `The scheduler's config has no ${field}.`
      : `The scheduler's ${field} is ${JSON.stringify(value).slice(0, 100)}, which Pirouette does not know.`,
    `Use weights that DDIM can sample, with their scheduler_config.json${known ? ` (${field}: ${known.join(', ')})` : ''}.`,
  );
}
