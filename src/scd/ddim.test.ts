import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SchedulerConfig } from '../onnx/configs.ts';
import { DdimSchedule, timestepsFrom } from './ddim.ts';
import { SchedulerError } from './errors.ts';
import { replayRun, type ScheduleTruth, worstScheduleError } from './replay.ts';

const truth: ScheduleTruth = JSON.parse(
  readFileSync(new URL('../../fixtures/ddim.json', import.meta.url), 'utf8'),
);

const config: SchedulerConfig = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  clip_sample: false,
};

describe("diffusers' own runs", () => {
  it.each(truth.cases)('$config.prediction_type, $config.timestep_spacing, $steps steps, eta $eta', (run) => {
    const replay = replayRun(truth, run);
    expect(replay.timesteps).toEqual(run.timesteps);
    expect(replay.maxError).toBeLessThan(1e-5);
  });

  it('notices a wrong schedule', () => {
    const wrong = truth.cases.map((run) => ({ ...run, config: { ...run.config, beta_end: 0.013 } }));
    expect(worstScheduleError({ ...truth, cases: wrong })).toBeGreaterThan(1e-3);
  });
});

describe('an update', () => {
  it('takes the clean latent exactly when the prediction is true', () => {
    for (const prediction_type of ['epsilon', 'v_prediction', 'sample']) {
      const schedule = new DdimSchedule({ ...config, prediction_type });
      const [x0, e] = [0.7, -1.3];
      const { clean, noise } = schedule.mixture(500);
      const sample = clean * x0 + noise * e;
      const prediction =
        { epsilon: e, v_prediction: clean * e - noise * x0, sample: x0 }[prediction_type] ?? 0;
      const update = schedule.update(500, 10);
      expect((update.x0Sample * sample + update.x0Prediction * prediction) / update.x0Divisor).toBeCloseTo(
        x0,
        6,
      );
      expect((update.eSample * sample + update.ePrediction * prediction) / update.eDivisor).toBeCloseTo(e, 6);
    }
  });

  it('ends in the clean latent when the last signal is 1', () => {
    const schedule = new DdimSchedule({ ...config, set_alpha_to_one: true });
    expect(schedule.update(0, 10)).toMatchObject({ a: 1, b: 0, c: 0 });
  });

  it('clamps only when the config says so, as diffusers does when it says nothing', () => {
    const { clip_sample: _, ...silent } = config;
    expect(new DdimSchedule(config).update(1, 10).clip).toBe(Number.POSITIVE_INFINITY);
    expect(new DdimSchedule(silent).update(1, 10).clip).toBe(1);
    expect(new DdimSchedule({ ...config, clip_sample: true, clip_sample_range: 3 }).update(1, 10).clip).toBe(
      3,
    );
  });

  it('is pure noise at the end of a rescaled schedule', () => {
    const schedule = new DdimSchedule({
      ...config,
      rescale_betas_zero_snr: true,
      prediction_type: 'v_prediction',
    });
    expect(schedule.mixture(999)).toEqual({ clean: 0, noise: 1 });
  });

  it('says why epsilon cannot start from pure noise', () => {
    const schedule = new DdimSchedule({
      ...config,
      rescale_betas_zero_snr: true,
      prediction_type: 'epsilon',
    });
    expect(() => schedule.update(999, 10)).toThrow(SchedulerError);
  });
});

describe('settings it does not know', () => {
  it.each([{ beta_schedule: 'sigmoid' }, { prediction_type: 'flow' }, { timestep_spacing: 'karras' }])(
    '%o',
    (odd) => {
      expect(() => {
        const schedule = new DdimSchedule({ ...config, ...odd });
        schedule.update(schedule.timesteps(10)[0] ?? 0, 10);
      }).toThrow(SchedulerError);
    },
  );

  it.each([0, 1.5, -3, 1001, Number.NaN])('%d steps', (steps) => {
    expect(() => new DdimSchedule(config).timesteps(steps)).toThrow(SchedulerError);
  });
});

describe('starting from a latent', () => {
  const timesteps = [751, 501, 251, 1];

  it.each([
    [1, timesteps],
    [0.75, [501, 251, 1]],
    [0.5, [251, 1]],
    [0.01, [1]],
    [0, []],
  ])('at strength %d', (strength, left) => {
    expect(timestepsFrom(strength, timesteps)).toEqual(left);
  });

  it('keeps seven of ten steps at 0.7', () => {
    expect(timestepsFrom(0.7, new DdimSchedule(config).timesteps(10))).toHaveLength(7);
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses strength %d', (strength) => {
    expect(() => timestepsFrom(strength, timesteps)).toThrow(SchedulerError);
  });
});
