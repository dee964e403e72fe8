import { readFileSync } from 'node:fs';
import type { TemporalAttentionConfig } from '../src/onnx/configs.ts';
import { planMotion } from '../src/onnx/motion.ts';
import { temporalBias } from '../src/onnx/temporal-attention.ts';
import { assemble, type Numbers, numbersOf, Runner, readTensors, worstError } from './run-parts.ts';

const FOLDER = 'fixtures/temporal-attention';

/**
 * Frame by frame, with the keys and values of earlier frames in a ring, against PyTorch's attention of all frames under a
 * causal mask: the worst error.
 */
export async function ringError(): Promise<number> {
  const config = JSON.parse(readFileSync(`${FOLDER}/config.json`, 'utf8')) as TemporalAttentionConfig;
  const { slopes, width } = config;
  const truth = await readTensors(`${FOLDER}/io.safetensors`);
  const [module] = planMotion(config).modules;
  if (module === undefined) throw new Error('The fixture has no module.');
  const runner = await Runner.load(assemble(module.plan, await readTensors(`${FOLDER}/weights.safetensors`)));
  const [attention, queries, causal] = ['attention', 'queries', 'causal'].map((name) =>
    numbersOf(truth, name),
  ) as [Numbers, Numbers, Numbers];
  const [frames = 0, tokens = 0, channels = 0] = attention.shape;
  const room = frames + 2;
  const ring: Record<string, Numbers> = {
    keys: zeros([room, tokens, width]),
    values: zeros([room, tokens, channels]),
  };
  const held: (number | null)[] = Array(room).fill(null);
  let worst = 0;
  for (let frame = 0; frame < frames; frame++) {
    const seen = [...held, frame];
    const made = await runner.run({
      tokens: row(attention, frame),
      queries: row(queries, frame),
      past_keys: ring.keys as Numbers,
      past_values: ring.values as Numbers,
      bias: {
        shape: [slopes.length, 1, seen.length],
        values: temporalBias(slopes, [frame], seen, true),
      },
    });
    worst = Math.max(worst, worstError(made.moved as Numbers, row(causal, frame)));
    // Any place will do: what is known of a frame is its number.
    const place = (frame * 5) % room;
    held[place] = frame;
    for (const [name, kept] of Object.entries(ring)) {
      const { values } = made[name] as Numbers;
      kept.values.set(values, place * values.length);
    }
  }
  return worst;
}

const zeros = (shape: readonly number[]): Numbers => ({
  shape,
  values: new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
});

function row({ shape, values }: Numbers, index: number): Numbers {
  const size = values.length / (shape[0] as number);
  return { shape: [1, ...shape.slice(1)], values: values.slice(index * size, (index + 1) * size) };
}
