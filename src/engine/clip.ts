import type { DdimSchedule } from '../scd/ddim.ts';
import { gaussianNoise } from '../scd/noise.ts';
import { clipTasks, type WindowOptions } from '../scd/windows.ts';
import type { Networks, Tensor } from './backend.ts';

import { countOf } from './device.ts';
import { Pace } from './sampler.ts';

export interface ClipDenoising {
  /** How many frames the clip has. */
  readonly frames: number;
  /** The first one's number, for its noise. */
  readonly firstFrame?: number;
  readonly shape: readonly number[];
  readonly steps: number;
  readonly seed: number;
  readonly eta: number;
  readonly windows: WindowOptions;
  /** All frames begin with the same noise; otherwise each has its own, by its number. */
  readonly sharesNoise: boolean;
}

/** What the network says of the samples of a window's frames; they stay the caller's, the predictions become its own. */
export type PredictWindow = (
  frames: readonly number[],
  samples: readonly Tensor[],
  timestep: number,
) => Promise<readonly Tensor[]>;

export interface ClipProgress {
  /** Windows predicted, over all steps. */
  readonly done: number;
  readonly total: number;
}

interface FrameState {
  sample: Tensor;
  /** Of what windows have predicted in this step. */
  sum?: Tensor | undefined;
}

/**
 * Yields each frame's clean latents, in order, as soon as no later window can change them; they become the receiver's.
 * Between two of them and between two windows it can be stopped.
 */
export async function* denoiseClip(
  networks: Networks,
  schedule: DdimSchedule,
  clip: ClipDenoising,
  predict: PredictWindow,
  signal?: AbortSignal,
  onWindow?: () => void,
): AsyncGenerator<{ readonly frame: number; readonly latents: Tensor }> {
  const { frames, firstFrame = 0, shape, steps, seed, eta, windows, sharesNoise } = clip;
  const timesteps = schedule.timesteps(steps);
  const states = new Map<number, FrameState>();
  const stateOf = (frame: number): FrameState => {
    const known = states.get(frame);
    if (known) return known;
    const noise = gaussianNoise(countOf(shape), seed, 0, sharesNoise ? 0 : firstFrame + frame);
    const state = { sample: networks.upload(noise, shape) };
    states.set(frame, state);
    return state;
  };
  const pace = new Pace(networks);
  try {
    for (const task of clipTasks(frames, steps, windows)) {
      if (task.kind === 'predict') {
        await pace.wait(signal);
        const members = task.window.map(stateOf);
        const samples = members.map(({ sample }) => sample);
        const predictions = await predict(task.window, samples, timesteps[task.step] as number);
        for (const [i, state] of members.entries()) add(networks, state, predictions[i] as Tensor);
        pace.issued();
        onWindow?.();
      } else if (task.kind === 'step') {
        const noiseOf = (timestep: number) =>
          gaussianNoise(countOf(shape), seed, 1 + timestep, firstFrame + task.frame);
        const timestep = timesteps[task.step] as number;
        advance(networks, schedule, stateOf(task.frame), {
          timestep,
          steps,
          eta,
          count: task.count,
          noiseOf,
        });
      } else {
        const latents = stateOf(task.frame).sample;
        states.delete(task.frame);
        yield { frame: task.frame, latents };
      }
    }
  } finally {
    for (const { sample, sum } of states.values()) {
      sample.dispose();
      sum?.dispose();
    }
  }
}

/** How many windows a clip comes to, over all steps. */
export function windowsToPredict({ frames, steps, windows }: ClipDenoising): number {
  let count = 0;
  for (const { kind } of clipTasks(frames, steps, windows)) if (kind === 'predict') count++;
  return count;
}

function add(networks: Networks, state: FrameState, prediction: Tensor): void {
  if (state.sum === undefined) {
    state.sum = prediction;
    return;
  }
  const before = state.sum;
  state.sum = networks.mix(1, before, 1, prediction);
  before.dispose();
  prediction.dispose();
}

interface Advance {
  readonly timestep: number;
  readonly steps: number;
  readonly eta: number;
  /** Predictions in the sum. */
  readonly count: number;
  noiseOf(timestep: number): Float32Array;
}

function advance(
  networks: Networks,
  schedule: DdimSchedule,
  state: FrameState,
  { timestep, steps, eta, count, noiseOf }: Advance,
): void {
  const { sample, sum } = state;
  if (sum === undefined) throw new Error('A frame takes a step that nothing was predicted for.');
  const held = [sample, sum];
  const update = schedule.update(timestep, steps, eta);
  let mean = sum;
  if (count > 1) {
    mean = networks.mix(1 / count, sum, 0, sum);
    held.push(mean);
  }
  const noise = update.c === 0 ? undefined : networks.upload(noiseOf(timestep), sample.shape);
  if (noise) held.push(noise);
  state.sample = networks.step(sample, mean, update, noise);
  state.sum = undefined;
  for (const tensor of held) tensor.dispose();
}
