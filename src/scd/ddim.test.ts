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

describe('betas', () => {
  const mixtures = (changes: Partial<SchedulerConfig>) => {
    const schedule = new DdimSchedule({ ...config, ...changes });
    return [0, 250, 500, 999].map((timestep) => schedule.mixture(timestep).clean);
  };

  it('that were trained stand in the place of a schedule', () => {
    const trained_betas = Array.from({ length: 1000 }, (_, i) => 0.0001 + (0.02 - 0.0001) * (i / 999));
    const trained = mixtures({ beta_schedule: 'none', trained_betas });
    const linear = mixtures({ beta_schedule: 'linear', beta_start: 0.0001, beta_end: 0.02 });
    linear.forEach((clean, i) => expect(trained[i]).toBeCloseTo(clean, 6));
  });

  it('of a squared cosine leave what the cosine says', () => {
    const [first, second, third, last] = mixtures({ beta_schedule: 'squaredcos_cap_v2' });
    const signal = (t: number) =>
      Math.cos((((t / 1000 + 0.008) / 1.008) * Math.PI) / 2) / Math.cos(((0.008 / 1.008) * Math.PI) / 2);
    expect(first).toBeCloseTo(signal(1), 5);
    expect(second).toBeCloseTo(signal(251), 4);
    expect(third).toBeCloseTo(signal(501), 4);
    // The last step takes no more than 0.999 of what was left.
    expect(last).toBeCloseTo(signal(999) * Math.sqrt(0.001), 6);
  });
});

describe('settings it does not know', () => {
  it.each<[string, Record<string, unknown>]>([
    ['beta_schedule is "sigmoid"', { beta_schedule: 'sigmoid' }],
    ['prediction_type is "flow"', { prediction_type: 'flow' }],
    ['timestep_spacing is "karras"', { timestep_spacing: 'karras' }],
    ['no beta_start', { beta_start: null }],
    ['beta_end is 12', { beta_end: 12 }],
    ['num_train_timesteps is 0.5', { num_train_timesteps: 0.5 }],
    ['asks for thresholding', { thresholding: true }],
    ['trained_betas are not 1000', { trained_betas: [0.1, 0.2] }],
    ['trained_betas are not 1000', { trained_betas: Array(1000).fill('0.1') }],
  ])('%s', (words, odd) => {
    const make = () => new DdimSchedule({ ...config, ...odd } as SchedulerConfig);
    expect(make).toThrow(SchedulerError);
    expect(make).toThrow(words);
  });

  it('are passed over where they change nothing', () => {
    const others = {
      thresholding: false,
      sample_max_value: 1,
      skip_prk_steps: true,
      _class_name: 'PNDMScheduler',
    };
    expect(() => new DdimSchedule({ ...config, ...others })).not.toThrow();
  });

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
