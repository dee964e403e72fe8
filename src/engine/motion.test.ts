import { describe, expect, it } from 'vitest';
import { clipMemory } from '../../tools/clip-memory.ts';
import { memoryPack } from '../../tools/memory-pack.ts';
import { motionPack } from '../../tools/motion-pack.ts';
import { type Numbers, numbersOf, readTensors, worstError } from '../../tools/run-parts.ts';
import { runLength } from './motion.ts';
import { PackNetworks } from './networks.ts';
import { HostPlace, WasmDevice } from './wasm/device.ts';

const FOLDER = 'fixtures/diffusers-motion';

/** Frame f of [1, channels, frames, height, width]. */
function frameOf({ shape, values }: Numbers, f: number): Numbers {
  const [, channels = 0, frames = 0, height = 0, width = 0] = shape;
  const area = height * width;
  const frame = new Float32Array(channels * area);
  for (let c = 0; c < channels; c++)
    frame.set(values.subarray((c * frames + f) * area, (c * frames + f + 1) * area), c * area);
  return { shape: [1, channels, height, width], values: frame };
}

describe("a clip's frames in a pack with motion modules", async () => {
  const truth = await readTensors(`${FOLDER}/io.safetensors`);
  const pack = memoryPack(await motionPack(FOLDER, 'f32'));
  const networks = await PackNetworks.create(new WasmDevice(), pack, { width: 96, height: 128 });
  const tokens = numbersOf(truth, 'encoder_hidden_states');
  const context = new HostPlace(tokens.shape, tokens.values as Float32Array<ArrayBuffer>);
  const sample = numbersOf(truth, 'sample');
  const frames = [...Array(sample.shape[2]).keys()];
  const evaluation = (f: number, timestep: number) => {
    const { shape, values } = frameOf(sample, f);
    const own = new HostPlace(shape, values as Float32Array<ArrayBuffer>);
    return { sample: own, pose: null, timestep, context };
  };
  const clip = async (order: readonly number[], timestep: number) => {
    const made = await networks.evaluateClip(order.map((f) => evaluation(f, timestep)));
    return Promise.all(
      made.map(async (tensor) => ({ shape: tensor.shape, values: await networks.download(tensor) })),
    );
  };
  const worst = (found: readonly Numbers[], name: string) =>
    Math.max(...found.map((frame, f) => worstError(frame, frameOf(numbersOf(truth, name), f))));

  it("are those of diffusers' UNetMotionModel, again and again", { timeout: 120_000 }, async () => {
    for (const timestep of [401, 1, 401])
      expect(worst(await clip(frames, timestep), `output.t${timestep}`)).toBeLessThan(1e-3);
  });

  it('and one by one are as if there were no modules', { timeout: 120_000 }, async () => {
    const [alone, after] = [await networks.evaluate(evaluation(2, 401)), await clip(frames, 401)];
    expect(worst(after, 'output.t401')).toBeLessThan(1e-3);
    const again = await networks.evaluate(evaluation(2, 401));
    const [a, b] = [await networks.download(alone), await networks.download(again)];
    expect(a).toEqual(b);
    const own = { shape: alone.shape, values: a };
    expect(worstError(own, frameOf(numbersOf(truth, 'output.t401'), 2))).toBeGreaterThan(0.1);
  });

  it('may be fewer', { timeout: 120_000 }, async () => {
    const [first] = await clip([0, 1], 401);
    expect(worstError(first!, frameOf(numbersOf(truth, 'output.t401'), 0))).toBeGreaterThan(1e-3);
  });
});

it('a long clip takes no more than a short one, and leaves nothing behind', {
  timeout: 240_000,
}, async () => {
  const pack = memoryPack(await motionPack(FOLDER, 'f32'));
  const take = (frames: number) =>
    clipMemory(new WasmDevice({ threads: 1 }), pack, { width: 64, height: 64 }, frames, [1, 3, 24]);
  const [short, long] = [await take(48), await take(120)];
  expect(long.peak / short.peak).toBeLessThan(1.05);
  expect([short.left, long.left]).toEqual([0, 0]);
});

it('a large picture goes through in runs of one length', () => {
  expect(runLength(4096, 24 * 8 * 320)).toBe(256);
  expect(runLength(192, 5 * 8 * 32)).toBe(192);
  expect(runLength(97, 2 ** 20, 2 ** 24)).toBe(1);
  for (const tokens of [4096, 1024, 576, 1]) expect(tokens % runLength(tokens, 24 * 8 * 1280)).toBe(0);
});
