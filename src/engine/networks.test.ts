import { describe, expect, it } from 'vitest';
import { exportToMemory, memoryFolder, memoryPack } from '../../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../../tools/random-model.ts';
import { ElementType, encodeModel } from '../onnx/model.ts';
import type { Pack } from '../pack/manifest.ts';
import { DdimSchedule } from '../scd/ddim.ts';
import { gaussianNoise } from '../scd/noise.ts';
import type { Tensor } from './backend.ts';
import { NotFiniteError, WrongShapeError } from './errors.ts';
import { Program, type Step, visit } from './executor.ts';
import { PackNetworks } from './networks.ts';
import { HostPlace, WasmDevice } from './wasm/device.ts';

const SIZE = { width: 64, height: 64 };
const pack = memoryPack(await exportToMemory(memoryFolder('random', randomModel(SMALL_MODEL)), 'f32'));

const noise = (shape: readonly number[], stream: number) =>
  new HostPlace(
    shape,
    gaussianNoise(
      shape.reduce((a, b) => a * b),
      1,
      stream,
    ),
  );
const latents = (stream: number) => noise([1, 4, 8, 8], stream);
const features = (stream: number) => noise([1, 32, 8, 8], stream);
const apart = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe('evaluations', async () => {
  const networks = await PackNetworks.create(new WasmDevice(), pack, SIZE);
  const values = async (tensor: Tensor | undefined) => networks.download(tensor as Tensor);

  it('side by side are those one after another, whatever each sees', { timeout: 60_000 }, async () => {
    const memory = await networks.remember([{ sample: latents(1), pose: features(2), timestep: 0 }]);
    const both = await networks.remember(
      [1, 3].map((at) => ({ sample: latents(at), pose: null, timestep: 0 })),
    );
    const all = [
      { sample: latents(4), pose: features(5), timestep: 500, memory },
      { sample: latents(4), pose: features(5), timestep: 500 },
      { sample: latents(6), pose: null, timestep: 20, memory: both },
    ];
    const together = await networks.evaluateAll(all);
    for (const [i, one] of all.entries()) {
      const alone = await values(await networks.evaluate(one));
      expect(apart(await values(together[i]), alone)).toBeLessThan(1e-5);
    }
    const [first, second] = together;
    expect(apart(await values(first), await values(second))).toBeGreaterThan(1e-3);
  });

  it('without a pose are those with features of zeros', async () => {
    const sample = latents(1);
    const zeros = new HostPlace([1, 32, 8, 8]);
    const without = await values(await networks.evaluate({ sample, pose: null, timestep: 10 }));
    expect(apart(await values(await networks.evaluate({ sample, pose: zeros, timestep: 10 })), without)).toBe(
      0,
    );
  });

  it('that overflow leave no picture, whatever the decoder makes of them', { timeout: 60_000 }, async () => {
    const pixels = async (latents: Tensor) => networks.toPixels(await networks.decode(latents));
    const [sample, broken] = [latents(1), latents(2)];
    broken.data[7] = Number.POSITIVE_INFINITY;
    // A clamp hides what is infinite.
    const by = new DdimSchedule({ ...pack.manifest.configs.scheduler, clip_sample: true }).update(500, 4);
    await expect(pixels(networks.step(sample, broken, by))).rejects.toBeInstanceOf(NotFiniteError);
    const memory = await networks.remember([{ sample: broken, pose: null, timestep: 0 }]);
    await expect(pixels(sample)).rejects.toBeInstanceOf(NotFiniteError);
    memory.dispose();
    // And the next picture is one again.
    expect(new Set(await pixels(networks.step(sample, sample, by))).size).toBeGreaterThan(10);
  });

  it('are refused in another shape', async () => {
    const pose = features(1);
    const [sample, timestep] = [latents(1), 0];
    await expect(
      networks.evaluate({ sample: noise([1, 5, 8, 8], 1), pose, timestep }),
    ).rejects.toBeInstanceOf(WrongShapeError);
    await expect(
      networks.evaluate({ sample, pose: noise([1, 32, 8, 16], 1), timestep }),
    ).rejects.toBeInstanceOf(WrongShapeError);
    expect(() => networks.upload(new Float32Array(3), [1, 4])).toThrow(WrongShapeError);
  });

  it('read each file once, and let go of all with the networks', { timeout: 60_000 }, async () => {
    const read: string[] = [];
    const counted: Pack = {
      ...pack,
      read: (path, signal) => {
        read.push(path);
        return pack.read(path, signal);
      },
    };
    const device = new WasmDevice();
    const first = await PackNetworks.create(device, counted, SIZE);
    const once = read.length;
    expect(new Set(read).size).toBe(once);
    // Another size, and a batch: on the processor the same sessions.
    const sample = noise([1, 4, 8, 16], 1);
    await first.evaluateAll([
      { sample, pose: null, timestep: 1 },
      { sample, pose: null, timestep: 2 },
    ]);
    expect(read.length).toBe(once);
    first.dispose();
    await new Promise((resolve) => setTimeout(resolve));
    (await PackNetworks.create(device, counted, SIZE)).dispose();
    expect(read.length).toBe(2 * once);
  });
});

/** Two graphs with a warp between them: y = 2 x, then z = y read through the flow, plus x. */
describe('a program', async () => {
  const info = (name: string, shape = ['batch', 1, 'height', 'width']) => ({
    name,
    type: ElementType.float,
    shape,
  });
  const graph = (inputs: string[], output: string) =>
    encodeModel({
      name: output,
      inputs: [...new Set(inputs)].map((name) => info(name)),
      outputs: [info(output)],
      initializers: [],
      nodes: [{ name: 'add', op: 'Add', inputs, outputs: [output], attributes: {} }],
    });
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    double: graph(['x', 'x'], 'y'),
    sum: graph(['moved', 'x'], 'z'),
    // A graph that hands the flow on, so that it has a name in the program.
    flow: encodeModel({
      name: 'flow',
      inputs: [
        info('where', ['batch', '2', 'height', 'width'].map((dim) => (dim === '2' ? 2 : dim)) as string[]),
      ],
      outputs: [info('flow', ['batch', '2', 'height', 'width'])],
      initializers: [],
      nodes: [{ name: 'same', op: 'Identity', inputs: ['where'], outputs: ['flow'], attributes: {} }],
    }),
    none: new Uint8Array(),
  };
  const read: string[] = [];
  const small = {
    read: async (path: string) => {
      read.push(path);
      return (files[path] as Uint8Array<ArrayBuffer>).slice();
    },
  } as unknown as Pack;
  const part = (name: string): Step => ({ kind: 'graph', files: { graph: name, weights: 'none' } });
  const steps: Step[] = [
    part('double'),
    part('flow'),
    { kind: 'warp', picture: 'y', flow: 'flow', result: 'moved' },
    part('sum'),
  ];
  const sizes = (dimension: string) => ({ batch: 1, height: 1, width: 2 })[dimension] ?? 2;
  const device = new WasmDevice();
  const tensor = (shape: readonly number[], ...data: number[]) =>
    new HostPlace(shape, Float32Array.from(data));
  const inputs = (a: number, b: number) => ({
    x: [tensor([1, 1, 1, 2], a, b)],
    // The two pixels change places.
    where: [tensor([1, 2, 1, 2], 0.75, 0.25, 0.5, 0.5)],
  });

  it('runs its steps over and over on new inputs', async () => {
    const program = await Program.create(device, small, steps, { sizes });
    for (const [a, b] of [
      [1, 10],
      [3, 5],
    ] as const) {
      const [z] = await program.run(inputs(a, b), 'z');
      expect([...(await device.download(z as Tensor))]).toEqual([2 * b + a, 2 * a + b]);
    }
    program.dispose();
  });

  it('takes several passes through one part after another, each part read once', async () => {
    read.length = 0;
    const passes = [inputs(1, 10), inputs(3, 5)];
    const made = await visit(device, small, steps, passes, { sizes, outputs: ['z'] });
    const results = await Promise.all(made.map(({ z }) => device.download(z as Tensor)));
    expect(results.map((values) => [...values])).toEqual([
      [21, 12],
      [13, 11],
    ]);
    expect(read.filter((path) => path !== 'none')).toEqual(['double', 'flow', 'sum']);
  });

  it('takes them through parts that stay, too', async () => {
    const parts = new Map<string, Awaited<ReturnType<WasmDevice['compile']>>>();
    for (const name of ['double', 'flow', 'sum']) {
      parts.set(name, await device.compile(small, { graph: name, weights: 'none' }, sizes));
    }
    read.length = 0;
    for (let again = 0; again < 2; again++) {
      const [made] = await visit(device, small, steps, [inputs(1, 10)], {
        sizes,
        outputs: ['z'],
        resident: async ({ graph: name }) => parts.get(name) as Awaited<ReturnType<WasmDevice['compile']>>,
      });
      expect([...(await device.download(made?.z as Tensor))]).toEqual([21, 12]);
    }
    expect(read).toEqual([]);
  });

  it('says what is missing', async () => {
    const program = await Program.create(device, small, steps, { sizes });
    await expect(program.run({ x: inputs(1, 2).x }, 'z')).rejects.toThrow(/where/);
  });
});
