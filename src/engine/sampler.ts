import type { DdimSchedule } from '../scd/ddim.ts';
import { gaussianNoise } from '../scd/noise.ts';
import type { Networks, Tensor } from './backend.ts';
import { breathe } from './breathe.ts';
import { countOf } from './device.ts';
import { until } from './until.ts';

/** More would only lengthen the wait for whoever cancels, and for all else that the device should draw. */
const MOST_IN_FLIGHT = 2;

/** Keeps a device from running dry, and from lagging far behind: of so many steps issued, one must be done before the next. */
export class Pace {
  readonly #networks: Networks;
  readonly #inFlight: Promise<void>[] = [];

  constructor(networks: Networks) {
    this.#networks = networks;
  }

  /** Before a step is issued. Throws the signal's reason, as soon as it has one. */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    await breathe();
    if (this.#inFlight.length === MOST_IN_FLIGHT)
      await until(this.#inFlight.shift() as Promise<void>, signal);
    signal?.throwIfAborted();
  }

  /** After a step was issued. */
  issued(): void {
    const done = this.#networks.done();
    done.catch(() => undefined);
    this.#inFlight.push(done);
  }
}

/** What the network says of several samples, one frame each; they stay the caller's, the predictions become its own. */
export type Predict = (samples: readonly Tensor[], timestep: number) => Promise<readonly Tensor[]>;

/** A prediction that knows one sample at a time. */
export function eachAlone(predict: (sample: Tensor, timestep: number) => Promise<Tensor>): Predict {
  return async (samples, timestep) => {
    const predictions: Tensor[] = [];
    for (const sample of samples) predictions.push(await predict(sample, timestep));
    return predictions;
  };
}

/**
 * What is made of the latents between two steps; undefined behind the last one, whose latents are clean. Whoever gives
 * others back disposes those that were given.
 */
export type AfterStep = (
  latents: readonly Tensor[],
  nextTimestep: number | undefined,
) => Promise<readonly Tensor[]> | readonly Tensor[];

export interface Denoising {
  /** Where they start, one for each frame; disposed on the way. */
  readonly latents: readonly Tensor[];
  /** The time steps to visit, a tail of the schedule's `steps`. */
  readonly timesteps: readonly number[];
  readonly steps: number;
  /** Of each frame's noise. */
  readonly seeds: readonly number[];
  readonly eta?: number;
  readonly after?: AfterStep;
}

/**
 * Yields the latents after each step. They are valid until the next one; the last ones are the caller's. A step is issued
 * when the one before the last is done, so that the device never runs dry and never lags far behind. Between two steps,
 * and while it waits, it stops with the signal's reason.
 */
export async function* denoisingSteps(
  networks: Networks,
  schedule: DdimSchedule,
  { latents: start, timesteps, steps, seeds, eta = 0, after }: Denoising,
  predict: Predict,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly timestep: number; readonly latents: readonly Tensor[] }> {
  let latents = start;
  const pace = new Pace(networks);
  for (const [index, timestep] of timesteps.entries()) {
    const held: Tensor[] = [...latents];
    try {
      await pace.wait(signal);
      const predictions = await predict(latents, timestep);
      held.push(...predictions);
      const update = schedule.update(timestep, steps, eta);
      latents = latents.map((sample, i) => {
        if (update.c === 0) return networks.step(sample, predictions[i] as Tensor, update);
        // Stream 0 is the noise that frames start from.
        const values = gaussianNoise(countOf(sample.shape), seeds[i] ?? 0, 1 + timestep);
        const noise = networks.upload(values, sample.shape);
        held.push(noise);
        return networks.step(sample, predictions[i] as Tensor, update, noise);
      });
    } finally {
      for (const tensor of held) tensor.dispose();
    }
    if (after) latents = await after(latents, timesteps[index + 1]);
    pace.issued();
    yield { timestep, latents };
  }
}
