import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DdimSchedule } from './ddim.ts';
import { applyUpdate } from './update.ts';
import { type ClipTask, clipTasks, WINDOWS, type WindowOptions, windowsOf } from './windows.ts';

const truth = JSON.parse(readFileSync('fixtures/windows.json', 'utf8')) as {
  scheduler: ConstructorParameters<typeof DdimSchedule>[0];
  steps: number;
  cases: (WindowOptions & { frames: number; windows: number[][]; noise: number[][]; latents: number[][] })[];
};

/** The network of training/scd/windows_fixture.py. */
function network(samples: readonly Float32Array[], timestep: number): Float32Array[] {
  return samples.map((sample, place) =>
    sample.map((value, c) => {
      const mean = samples.reduce((sum, each) => sum + each[c]!, 0) / samples.length;
      return Math.sin(1.3 * value + 0.1 * place) + 0.5 * mean - (0.01 * timestep) / 1000;
    }),
  );
}

interface Run {
  readonly latents: Float32Array[];
  /** The most frames that were under way at once. */
  readonly most: number;
  /** Windows predicted before a frame was finished, by frame. */
  readonly waited: number[];
}

function run(
  tasks: Iterable<ClipTask>,
  noise: (frame: number) => Float32Array,
  predict: (samples: readonly Float32Array[], step: number) => Float32Array[],
  advance: (sample: Float32Array, prediction: Float32Array, step: number) => Float32Array,
): Run {
  const state = new Map<number, { sample: Float32Array; sum: Float32Array; made: number }>();
  const at = (frame: number) => {
    const known = state.get(frame);
    if (known) return known;
    const sample = noise(frame);
    const fresh = { sample, sum: new Float32Array(sample.length), made: 0 };
    state.set(frame, fresh);
    return fresh;
  };
  const result: Run = { latents: [], most: 0, waited: [] };
  let predicted = 0;
  let most = 0;
  for (const task of tasks) {
    if (task.kind === 'predict') {
      const frames = task.window.map(at);
      for (const frame of frames) expect(frame.made).toBe(task.step);
      const made = predict(
        frames.map(({ sample }) => sample),
        task.step,
      );
      for (const [i, frame] of frames.entries())
        frame.sum = frame.sum.map((value, c) => value + made[i]![c]!);
      predicted++;
    } else if (task.kind === 'step') {
      const frame = at(task.frame);
      expect(frame.made).toBe(task.step);
      frame.sample = advance(
        frame.sample,
        frame.sum.map((value) => value / task.count),
        task.step,
      );
      frame.sum.fill(0);
      frame.made++;
    } else {
      expect(task.frame).toBe(result.latents.length);
      result.latents.push(at(task.frame).sample);
      result.waited.push(predicted);
      state.delete(task.frame);
    }
    most = Math.max(most, state.size);
  }
  return { ...result, most };
}

describe('windows', () => {
  it.each(truth.cases)('$order of $frames frames, $size at once, $overlap shared', (each) => {
    expect(windowsOf(each.frames, each)).toEqual(each.windows);
    const schedule = new DdimSchedule(truth.scheduler);
    const timesteps = schedule.timesteps(truth.steps);
    const { latents } = run(
      clipTasks(each.frames, truth.steps, each),
      (frame) => Float32Array.from(each.noise[frame]!),
      (samples, step) => network(samples, timesteps[step]!),
      (sample, prediction, step) =>
        applyUpdate(schedule.update(timesteps[step]!, truth.steps), sample, prediction),
    );
    const worst = latents.flatMap((frame, f) =>
      [...frame].map((value, c) => Math.abs(value - each.latents[f]![c]!)),
    );
    expect(latents).toHaveLength(each.frames);
    expect(Math.max(...worst)).toBeLessThan(1e-5);
  });

  const count = (frames: number, steps: number, options = WINDOWS) =>
    run(
      clipTasks(frames, steps, options),
      () => new Float32Array(1),
      (samples) => [...samples],
      (sample) => sample,
    );

  it('keep no more frames under way in a long clip than in a short one', () => {
    const [long, longer] = [count(400, 4), count(1200, 4)];
    expect(longer.most).toBe(long.most);
    // Windows further on are one step behind each: a stride of 20 a step, and a window.
    expect(long.most).toBeLessThanOrEqual(4 * 20 + 24);
  });

  it('hand the first frame out before the clip is half done', () => {
    const { waited } = count(400, 4);
    const all = windowsOf(400, WINDOWS).length * 4;
    expect(waited[0]).toBe(1 + 2 + 3 + 4);
    expect(waited.at(-1)).toBe(all);
  });

  it('predict every window once a step, and no frame is left out', () => {
    const tasks = [...clipTasks(97, 3, { ...WINDOWS, order: 'uniform' })];
    expect(tasks.filter(({ kind }) => kind === 'predict')).toHaveLength(3 * 5);
    expect(tasks.filter(({ kind }) => kind === 'step')).toHaveLength(3 * 97);
    expect(tasks.filter(({ kind }) => kind === 'finish')).toHaveLength(97);
  });

  it('of no frames at all are none', () => {
    expect([...clipTasks(0, 4, WINDOWS)]).toEqual([]);
  });
});
