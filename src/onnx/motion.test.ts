import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  assemble,
  evaluateClip,
  type Numbers,
  numbersOf,
  Runner,
  readTensors,
  timeEmbedding,
  worstError,
} from '../../tools/run-parts.ts';
import { planMotion } from './motion.ts';
import { splitMotionModel } from './motion-shape.ts';
import { planUNet } from './unet.ts';

const folder = 'fixtures/diffusers-motion';
const configs = splitMotionModel(JSON.parse(readFileSync(`${folder}/unet_config.json`, 'utf8')))!;

/** Frame f of [1, channels, frames, height, width], and the way back. */
function frameOf({ shape, values }: Numbers, f: number): Numbers {
  const [, channels = 0, frames = 0, height = 0, width = 0] = shape;
  const area = height * width;
  const frame = new Float32Array(channels * area);
  for (let c = 0; c < channels; c++)
    frame.set(values.subarray((c * frames + f) * area, (c * frames + f + 1) * area), c * area);
  return { shape: [1, channels, height, width], values: frame };
}

// f16 is f16 storage, computed in f32.
describe.each([
  ['f32', 1e-3],
  ['f16', 2e-2],
] as const)("diffusers' UNetMotionModel, weights in %s", async (precision, tolerance) => {
  const truth = await readTensors(`${folder}/io.safetensors`);
  const weights = await readTensors(`${folder}/unet.safetensors`);
  const { modules: planned } = planMotion(configs.motion);
  const plan = { ...planUNet(configs.unet, configs.motion), modules: planned };
  const segments: Runner[] = [];
  const modules: Runner[] = [];
  // ONNX Runtime's WASM build cannot make two sessions at once.
  for (const each of plan.segments) segments.push(await Runner.load(assemble(each, weights, precision)));
  for (const { plan: each } of planned) modules.push(await Runner.load(assemble(each, weights, precision)));
  const sample = numbersOf(truth, 'sample');
  const frames = sample.shape[2]!;
  const pose = { shape: [1, 32, 16, 12], values: new Float32Array(32 * 16 * 12) };
  const maxFrames = configs.motion.motion_max_seq_length;
  const evaluate = (timestep: number, most: number, order = [...Array(frames).keys()], moves = true) =>
    evaluateClip(
      segments,
      moves ? modules : undefined,
      plan,
      order.map((f) => ({
        sample: frameOf(sample, f),
        pose,
        time: timeEmbedding(timestep, 32),
        context: numbersOf(truth, 'encoder_hidden_states'),
      })),
      { maxFrames, most },
    );
  const worst = (found: readonly Numbers[], name: string) =>
    Math.max(...found.map((frame, f) => worstError(frame, frameOf(numbersOf(truth, name), f))));

  it.each(precision === 'f32' ? [981, 401, 1] : [401])(
    'at time step %d, whole and in runs of tokens that do not come out even',
    async (t) => {
      expect(worst(await evaluate(t, 192), `output.t${t}`)).toBeLessThan(tolerance);
      expect(worst(await evaluate(t, 37), `output.t${t}`)).toBeLessThan(tolerance);
    },
  );

  it('knows the order of the frames', async () => {
    const orders = [1, -1].map((by) => [...Array(frames).keys()].map((f) => (f + by + frames) % frames));
    const errors: number[] = [];
    for (const order of orders) errors.push(worst(await evaluate(401, 192, order), 'output.t401.shifted'));
    expect(Math.min(...errors)).toBeLessThan(tolerance);
    expect(Math.max(...errors)).toBeGreaterThan(0.1);
  });

  it('paints frame by frame without its modules', async () => {
    const alone = await evaluate(401, 192, [2], false);
    const among = await evaluate(401, 192, [0, 1, 2], false);
    expect(alone[0]!.values).toEqual(among[2]!.values);
    expect(worst(await evaluate(401, 192, undefined, false), 'output.t401')).toBeGreaterThan(0.1);
  });
});
