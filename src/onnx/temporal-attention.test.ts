import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ringError } from '../../tools/ring-error.ts';
import { assemble, type Numbers, numbersOf, Runner, readTensors, worstError } from '../../tools/run-parts.ts';
import type { TemporalAttentionConfig } from './configs.ts';
import { UnknownArchitectureError } from './errors.ts';
import { planMotion } from './motion.ts';
import { temporalBias } from './temporal-attention.ts';

const FOLDER = 'fixtures/temporal-attention';
const config = JSON.parse(readFileSync(`${FOLDER}/config.json`, 'utf8')) as TemporalAttentionConfig;
const { slopes, width } = config;

describe('attention along time', async () => {
  const truth = await readTensors(`${FOLDER}/io.safetensors`);
  const weights = await readTensors(`${FOLDER}/weights.safetensors`);
  const [module] = planMotion(config).modules;
  const runner = await Runner.load(assemble(module!.plan, weights));
  const [attention, queries] = [numbersOf(truth, 'attention'), numbersOf(truth, 'queries')];
  const [frames = 0, tokens = 0, channels = 0] = attention.shape;
  const numbers = [...Array(frames).keys()];
  const zeros = (...shape: number[]): Numbers => ({
    shape,
    values: new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
  });
  const bias = (of: readonly number[], seen: readonly (number | null)[], isCausal: boolean): Numbers => ({
    shape: [slopes.length, of.length, seen.length],
    values: temporalBias(slopes, of, seen, isCausal),
  });
  const rows = ({ shape, values }: Numbers, first: number, count: number): Numbers => {
    const size = values.length / shape[0]!;
    return { shape: [count, ...shape.slice(1)], values: values.slice(first * size, (first + count) * size) };
  };

  it.each([
    ['all', false],
    ['causal', true],
  ] as const)("is PyTorch's: %s", async (name, isCausal) => {
    const { moved } = await runner.run({
      tokens: attention,
      queries,
      past_keys: zeros(1, tokens, width),
      past_values: zeros(1, tokens, channels),
      bias: bias(numbers, [null, ...numbers], isCausal),
    });
    expect(worstError(moved!, numbersOf(truth, name))).toBeLessThan(1e-4);
  });

  it('frame by frame from a ring of what earlier ones left is the same under a causal mask', async () => {
    expect(await ringError()).toBeLessThan(1e-4);
  });

  it('leaves a picture alone that stands still', async () => {
    const still = rows(attention, 0, 1);
    const { moved } = await runner.run({
      tokens: still,
      queries: rows(queries, 0, 1),
      past_keys: zeros(1, tokens, width),
      past_values: zeros(1, tokens, channels),
      bias: bias([0], [null, 0], false),
    });
    expect(worstError(moved!, still)).toBeLessThan(1e-5);
  });
});

it.each([
  [{ slopes: [] }, 'slopes'],
  [{ channels: [18] }, 'channels'],
  [{ width: 6 }, 'width'],
  [{ max_frames: 0 }, 'max_frames'],
])('a config with %o is refused', (wrong, name) => {
  expect(() => planMotion({ ...config, ...wrong })).toThrow(UnknownArchitectureError);
  expect(() => planMotion({ ...config, ...wrong })).toThrow(name);
});
