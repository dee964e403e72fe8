import type { SchedulerConfig } from '../onnx/configs.ts';
import { DdimSchedule } from './ddim.ts';
import { applyUpdate } from './update.ts';

/** Runs of a trusted scheduler on fixed model outputs. */
export interface ScheduleTruth {
  readonly start: readonly number[];
  /** One model output a step. */
  readonly model_outputs: readonly (readonly number[])[];
  /** In words: see `varianceNoise`. */
  readonly variance_noise: string;
  readonly cases: readonly ScheduleRun[];
}

export interface ScheduleRun {
  readonly config: SchedulerConfig;
  readonly steps: number;
  readonly eta: number;
  readonly timesteps: readonly number[];
  /** The sample after each step. */
  readonly states: readonly (readonly number[])[];
}

/** Follows one run with our schedule and compares every state. */
export function replayRun(truth: ScheduleTruth, run: ScheduleRun): { timesteps: number[]; maxError: number } {
  const schedule = new DdimSchedule(run.config);
  const timesteps = schedule.timesteps(run.steps);
  let sample = Float32Array.from(truth.start);
  let maxError = 0;
  timesteps.forEach((timestep, i) => {
    const update = schedule.update(timestep, run.steps, run.eta);
    sample = applyUpdate(update, sample, truth.model_outputs[i] ?? [], varianceNoise(i, truth.start.length));
    const state = run.states[i] ?? [];
    sample.forEach((value, j) => {
      maxError = worse(maxError, Math.abs(value - (state[j] ?? Number.NaN)));
    });
  });
  return { timesteps, maxError };
}

/** The noise of a run's step i, for eta above 0: linspace(-1, 1, count) * (1 + 0.1 i). */
function varianceNoise(i: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, j) => (-1 + (2 * j) / (count - 1)) * (1 + 0.1 * i));
}

/** The worst error over all runs; infinite when a run visits other time steps than the truth did. */
export function worstScheduleError(truth: ScheduleTruth): number {
  return truth.cases.reduce((worst, run) => {
    const { timesteps, maxError } = replayRun(truth, run);
    const same =
      timesteps.length === run.timesteps.length && timesteps.every((t, i) => t === run.timesteps[i]);
    return worse(worst, same ? maxError : Number.POSITIVE_INFINITY);
  }, 0);
}

/** Math.max that a NaN always wins. */
function worse(a: number, b: number): number {
  return Number.isNaN(b) || b > a ? b : a;
}
