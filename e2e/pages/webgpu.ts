import type { Evaluation, Networks } from '../../src/engine/backend.ts';
import { OPERATIONS } from '../../src/engine/operations.ts';
import { WasmBackend } from '../../src/engine/wasm/backend.ts';
import { AttentionKernel, attentionVariants } from '../../src/engine/webgpu/attention.ts';
import { WebGpuBackend } from '../../src/engine/webgpu/backend.ts';
import { measureAttentionError } from '../../src/engine/webgpu/choose-attention.ts';
import { Pipelines } from '../../src/engine/webgpu/pipelines.ts';
import { readBack } from '../../src/engine/webgpu/read-back.ts';
import { startRuntime } from '../../src/engine/webgpu/runtime.ts';
import { GpuSession } from '../../src/engine/webgpu/session.ts';
import { decodeModel, ElementType, encodeModel } from '../../src/onnx/model.ts';
import { openPack } from '../../src/pack/open.ts';
import { DdimSchedule } from '../../src/scd/ddim.ts';
import { gaussianNoise } from '../../src/scd/noise.ts';
import { applyUpdate } from '../../src/scd/update.ts';

const SIZE = { width: 64, height: 64 };
/** One: a software rasteriser takes its time. */
const STEPS = 1;

const pack = openPack({ kind: 'url', url: new URL('/pack/', location.href).href });

let gpu: { readonly backend: WebGpuBackend; readonly networks: Networks } | undefined;

async function onGpu() {
  if (gpu === undefined) {
    const backend = await WebGpuBackend.open({ precision: 'f32' });
    gpu = { backend, networks: await backend.build(await pack, SIZE) };
  }
  return gpu;
}

/** A whole frame with two references and guidance, by hand: its decoded pixels, then the retouched ones. */
async function frame(networks: Networks, seed: number): Promise<Uint8ClampedArray> {
  const { manifest } = await pack;
  const { width, height } = SIZE;
  const picture = (at: number, channels = 3) =>
    networks.upload(
      gaussianNoise(channels * width * height, 7, at).map((value) => Math.tanh(value / 2)),
      [1, channels, height, width],
    );
  const held: { dispose(): void }[] = [];
  const hold = <T extends { dispose(): void }>(value: T): T => {
    held.push(value);
    return value;
  };
  const references: Evaluation[] = [];
  for (const at of [0, 1]) {
    const pose = hold(await networks.encodePose(hold(picture(at))));
    const sample = hold(await networks.encodeImage(hold(picture(at + 2))));
    references.push({ sample, pose, timestep: 0 });
  }
  const memory = hold(await networks.remember(references));
  const pose = hold(await networks.encodePose(hold(picture(4))));
  const shape = references[0]?.sample.shape ?? [];
  const count = shape.reduce((product, dim) => product * dim, 1);
  let sample = hold(networks.upload(gaussianNoise(count, seed, 0), shape));
  const schedule = new DdimSchedule(manifest.configs.scheduler);
  for (const timestep of schedule.timesteps(STEPS)) {
    const seen = hold(await networks.evaluate({ sample, pose, timestep, memory }));
    const unseen = hold(await networks.evaluate({ sample, pose: null, timestep }));
    const prediction = hold(networks.guide(unseen, seen, 1.5));
    sample = hold(networks.step(sample, prediction, schedule.update(timestep, STEPS)));
  }
  const pictures = {
    frame: hold(await networks.decode(sample)),
    photo: hold(picture(5)),
    torso: hold(picture(6)),
    limbs: hold(picture(7)),
    nearness: hold(picture(8, 2)),
  };
  const decoded = await networks.toPixels(pictures.frame);
  const retouched = await networks.toPixels(hold(await networks.retouch(pictures)));
  const pixels = Uint8ClampedArray.of(...decoded, ...retouched);
  for (const value of held) value.dispose();
  return pixels;
}

const differences = (a: Uint8ClampedArray, b: Uint8ClampedArray) => ({
  largest: a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b[i] ?? 255))), 0),
  shades: new Set(a).size,
});

const page = {
  async againstWasm() {
    const { networks } = await onGpu();
    const wasm = await new WasmBackend().build(await pack, SIZE);
    const expected = await frame(wasm, 1);
    const other = await frame(wasm, 2);
    wasm.dispose();
    const found = await frame(networks, 1);
    return { ...differences(found, expected), otherSeed: differences(found, other).largest };
  },

  /** Buffers that are held after each of some frames. */
  async heldBuffers(frames: number) {
    const { backend, networks } = await onGpu();
    const held: number[] = [];
    for (let i = 0; i < frames; i++) {
      await frame(networks, i);
      held.push(backend.on.buffers.held);
    }
    return held;
  },

  async heldAfterDisposal() {
    const { backend, networks } = await onGpu();
    networks.dispose();
    gpu = undefined;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const held = backend.on.buffers.held;
    backend.dispose();
    return held;
  },

  async smallKernels() {
    const { networks } = await onGpu();
    const shape = [1, 4, 6, 10];
    const values = (stream: number) => gaussianNoise(240, 3, stream);
    const [x, y, z] = [0, 1, 2].map((stream) => networks.upload(values(stream), shape));
    if (!x || !y || !z) throw new Error('three tensors');
    const worst = async (tensor: typeof x, truth: Float32Array) => {
      const found = await networks.download(tensor);
      tensor.dispose();
      return truth.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] ?? Number.NaN))), 0);
    };
    const by = {
      ...{ x0Sample: 1.1, x0Prediction: -0.4, x0Divisor: 0.9, eSample: 0.3, ePrediction: 0.8, eDivisor: 1.2 },
      ...{ a: 0.7, b: 0.6, c: 0.2, clip: 0.5 },
    };
    const quiet = { ...by, c: 0, clip: Number.POSITIVE_INFINITY };
    const wide = networks.beside(x, y);
    const mask = networks.upload(values(3).subarray(0, 60), [1, 1, 6, 10]);
    const flow = networks.upload(values(4).subarray(0, 70), [1, 2, 5, 7]);
    const host = (data: Float32Array, dims: readonly number[]) => ({
      data: Float32Array.from(data),
      shape: dims,
    });
    const [picture, where] = [host(values(0), shape), host(values(4).subarray(0, 70), [1, 2, 5, 7])];
    // Layers of 8 x 6 for a picture of 40 x 24, which is another size than the photo's and the painted frame's.
    const composed = async (isPainted: boolean) => {
      const { backend } = await onGpu();
      const of = (stream: number, dims: readonly number[], by = (value: number) => value) => {
        const count = dims.reduce((product, dim) => product * dim, 1);
        return host(gaussianNoise(count, 5, stream).map(by), dims);
      };
      const layers = of(0, [1, 8, 6, 8], (value) => Math.min(1, Math.max(0, 0.6 + 0.5 * value)));
      // Moves of either sign, some of which lead out of the photo.
      layers.data.subarray(0, 96).forEach((value, i) => {
        layers.data[i] = value - 0.5;
      });
      const person = of(1, [1, 4, 30, 36], (value) => Math.min(1, Math.max(0, 0.5 + value)));
      const inputs = [layers, person, of(2, [1, 3, 24, 40], Math.tanh), of(3, [1, 3, 12, 20], Math.tanh)];
      const sides = [...[24, 40, 6, 8, 30, 36], ...(isPainted ? [12, 20] : [0, 0])];
      const tensors = inputs.map(({ data, shape }) => networks.upload(data, shape));
      const result = backend.on.compute('compose', tensors, [1, 3, 24, 40], sides);
      for (const tensor of tensors) tensor.dispose();
      return [result, OPERATIONS.compose(inputs, [], sides)] as const;
    };
    return {
      blend: await worst(
        networks.blend(mask, x, y),
        OPERATIONS.blend([host(values(3).subarray(0, 60), [1, 1, 6, 10]), picture, host(values(1), shape)]),
      ),
      warp: await worst(networks.warp(x, flow), OPERATIONS.warp([picture, where])),
      compose: await worst(...(await composed(true))),
      composeUnpainted: await worst(...(await composed(false))),
      step: await worst(networks.step(x, y, by, z), applyUpdate(by, values(0), values(1), values(2))),
      stepWithoutNoise: await worst(networks.step(x, y, quiet), applyUpdate(quiet, values(0), values(1))),
      guide: await worst(
        networks.guide(x, y, 3.5),
        values(0).map((value, i) => value + 3.5 * ((values(1)[i] ?? 0) - value)),
      ),
      rightHalf: await worst(networks.rightHalf(wide), values(1)),
      besideShape: wide.shape,
    };
  },

  /** What becomes of an overflow in the picture, in latents that a step clamps, and in a reference's keys. */
  async overflow() {
    const { networks } = await onGpu();
    const { manifest } = await pack;
    const outcome = async (pixels: Promise<unknown>) =>
      pixels.then(
        () => 'pixels',
        (error: Error) => error.name,
      );
    const broken = (shape: readonly number[], value: number) => {
      const values = new Float32Array(shape.reduce((product, dim) => product * dim, 1)).fill(0.1);
      values[200] = value;
      return networks.upload(values, shape);
    };
    const image = [1, 3, SIZE.height, SIZE.width];
    const sample = await networks.encodeImage(broken(image, 0));
    const by = new DdimSchedule({ ...manifest.configs.scheduler, clip_sample: true }).update(500, 4);
    const picture = await outcome(networks.toPixels(broken(image, Number.NaN)));
    const latents = networks.step(sample, broken(sample.shape, Number.POSITIVE_INFINITY), by);
    const step = await outcome(networks.toPixels(await networks.decode(latents)));
    const memory = await networks.remember([
      { sample: broken(sample.shape, Number.NaN), pose: null, timestep: 0 },
    ]);
    memory.dispose();
    const kept = await outcome(networks.toPixels(await networks.decode(sample)));
    const sound = await outcome(networks.toPixels(await networks.decode(sample)));
    return { picture, step, kept, sound };
  },

  /** A graph with an operator that the device has no kernel for: it cannot be captured. */
  async uncapturable() {
    const { backend } = await onGpu();
    const info = (name: string) => ({ name, type: ElementType.float, shape: [1, 4] });
    const node = { name: 'most', op: 'Hardmax', inputs: ['x'], outputs: ['y'], attributes: { axis: 1 } };
    const graph = {
      name: 'Most',
      inputs: [info('x')],
      outputs: [info('y')],
      initializers: [],
      nodes: [node],
    };
    const model = encodeModel(graph);
    const session = await GpuSession.create(await startRuntime(), backend.on.gpu, {
      name: 'most',
      read: async () => ({ graph: decodeModel(model, 'most'), model, weights: new Blob() }),
      weightsPath: 'none',
      dimensions: () => 1,
    });
    const place = { buffer: backend.on.buffers.take(16), shape: [1, 4] };
    session.bind(new Map([['x', place]]));
    const results: number[][] = [];
    for (const most of [2, 0]) {
      const values = Float32Array.from({ length: 4 }, (_, i) => Number(i === most) + i / 10);
      backend.on.gpu.queue.writeBuffer(place.buffer, 0, values);
      const y = (await session.run()).get('y');
      if (y === undefined) throw new Error('no output');
      results.push([...new Float32Array(await readBack(backend.on.gpu, y.buffer))]);
    }
    const { isCaptured } = session;
    session.dispose();
    backend.on.buffers.give(place.buffer);
    return { isCaptured, results };
  },

  async loseDevice() {
    const { backend, networks } = await onGpu();
    const before = await frame(networks, 1);
    backend.on.gpu.destroy();
    const reason = await backend.lost;
    const failure = await frame(networks, 1).catch((error: Error) => error.name);
    networks.dispose();
    backend.dispose();
    gpu = undefined;
    const again = await frame((await onGpu()).networks, 1);
    return { reason, failure, difference: differences(before, again).largest };
  },

  /** The variants that real GPUs run, with and without subgroups, held against float64 on this device. */
  async hardwareVariants(headSizes: number[]) {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter?.requestDevice({
      requiredFeatures: (['subgroups'] as const).filter((feature) => adapter.features.has(feature)),
    });
    if (device === undefined) throw new Error('There is no WebGPU device.');
    const subgroups = device.features.has('subgroups');
    const pipelines = new Pipelines(device);
    const errors: Record<string, number> = {};
    for (const headSize of headSizes) {
      for (const variant of attentionVariants(headSize, { software: false, subgroups })) {
        const kernel = await AttentionKernel.compile(device, pipelines, 'f32', headSize, variant);
        errors[`${headSize} ${variant.name}`] = await measureAttentionError(device, kernel, 'f32', headSize);
      }
    }
    device.destroy();
    return errors;
  },

  async badShader() {
    const { backend } = await onGpu();
    const pipelines = new Pipelines(backend.on.gpu);
    const code = 'const A = 1;\n@compute @workgroup_size(1) fn main() { let x: u32 = missing; }';
    const attempts = [pipelines.get('bad', code), pipelines.get('bad', code)];
    const [first, second] = await Promise.all(attempts.map((it) => it.catch((error: Error) => error)));
    const third = await pipelines.get('bad', code).catch((error: Error) => error);
    return { message: String(first), shared: first === second, forgotten: third !== first };
  },
};

export type WebGpuPage = typeof page;
Object.assign(window, { webgpu: page });
