import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diskFolder } from '../../cli/node-files.ts';
import { engineOn, type FakeDevice, MANIFEST, OPTIONS, POSE } from '../../tools/fake-engine.ts';
import { exportToMemory, memoryPack } from '../../tools/memory-pack.ts';
import { motionPack } from '../../tools/motion-pack.ts';
import { type Numbers, numbersOf, readTensors, worstError } from '../../tools/run-parts.ts';
import { CancelledError } from '../errors.ts';
import { gaussianNoise } from '../scd/noise.ts';
import type { RenderOptions } from './api.ts';
import type { Networks } from './backend.ts';
import { Denoiser } from './denoiser.ts';
import { joinsFrames } from './engine.ts';
import { PackNetworks } from './networks.ts';
import { HostPlace, WasmDevice } from './wasm/device.ts';

const FOLDER = 'fixtures/parity/motion';
const SIZE = { width: 24, height: 32 };

/** One of several along the first dimension. */
function at({ shape, values }: Numbers, index: number): Numbers {
  const size = values.length / (shape[0] as number);
  return { shape: [1, ...shape.slice(1)], values: values.slice(index * size, (index + 1) * size) };
}

describe("a clip in windows, against PyTorch's frames that go through every step together", async () => {
  const truth = await readTensors(`${FOLDER}/io.safetensors`);
  const settings = JSON.parse(readFileSync(`${FOLDER}/clip.json`, 'utf8'));
  const pack = memoryPack(await exportToMemory(diskFolder(FOLDER), 'f32'));
  const own = await PackNetworks.create(new WasmDevice(), pack, SIZE);
  const { values, shape } = numbersOf(truth, 'reference_latents');
  // The fixture has no autoencoder: its reference is latents.
  const networks = new Proxy(own as Networks, {
    get(target, name) {
      if (name === 'encodeImage')
        return async () => new HostPlace(shape, values as Float32Array<ArrayBuffer>);
      const value = target[name as keyof Networks] as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const pictures = numbersOf(truth, 'pose_images');
  const denoiser = new Denoiser(networks, pack.manifest, SIZE);
  await denoiser.setReferences([
    { image: new Float32Array(3 * SIZE.width * SIZE.height), skeleton: at(pictures, 0).values },
  ]);

  it("begins with PyTorch's noise of each frame", () => {
    const noise = numbersOf(truth, 'noise');
    for (let f = 0; f < settings.frames; f++) {
      const frame = at(noise, f);
      const made = { shape: frame.shape, values: gaussianNoise(frame.values.length, settings.seed, 0, f) };
      expect(worstError(made, frame)).toBeLessThan(1e-6);
    }
  });

  it.each([
    ['sliding', 'plain'],
    ['sliding', 'guided'],
    ['uniform', 'plain'],
    ['uniform', 'guided'],
  ] as const)('%s windows, %s', { timeout: 120_000 }, async (order, kind) => {
    const options = {
      steps: settings.steps,
      seed: settings.seed,
      guidance: kind === 'guided' ? settings.guidance : 1,
      windows: { overlap: settings.overlap, order },
    };
    const progress: { done: number; total: number }[] = [];
    const expected = numbersOf(truth, `latents.${order}.${kind}`);
    const frames = denoiser.denoiseClip(
      settings.frames,
      (f) => at(pictures, f + 1).values,
      options,
      undefined,
      (each) => progress.push(each),
    );
    let next = 0;
    for await (const { frame, latents } of frames) {
      expect(frame).toBe(next++);
      const made = { shape: latents.shape, values: await networks.download(latents) };
      expect(worstError(made, at(expected, frame)), `frame ${frame}`).toBeLessThan(1e-3);
    }
    expect(next).toBe(settings.frames);
    expect(progress.at(-1)?.done).toBe(progress.at(-1)?.total);
    expect(progress).toHaveLength(progress[0]!.total);
  });
});

describe('an animation whose frames are joined', async () => {
  const { configs } = memoryPack(await motionPack('fixtures/diffusers-motion', 'f32')).manifest;
  const manifest = { ...MANIFEST, configs: { ...MANIFEST.configs, motion: configs.motion! } };
  const poses = Array.from({ length: 40 }, () => POSE);

  beforeEach(() => {
    vi.stubGlobal('createImageBitmap', async (image: ImageBitmap) => image);
    vi.stubGlobal(
      'OffscreenCanvas',
      class {
        getContext = () => ({
          fillRect() {},
          drawImage() {},
          getImageData: (_x: number, _y: number, width: number, height: number) => ({
            data: new Uint8ClampedArray(width * height * 4),
          }),
        });
      },
    );
  });
  afterEach(() => vi.unstubAllGlobals());

  async function ready() {
    const made = engineOn(undefined, manifest);
    return { engine: await made.ready(), device: made.devices[0] as FakeDevice };
  }

  it('goes through in windows, and frames come in order', async () => {
    const { engine, device } = await ready();
    const [frames, progress]: [number[], number[]] = [[], []];
    const count = await engine.animate(
      poses,
      OPTIONS,
      ({ index }) => void frames.push(index),
      ({ done }) => void progress.push(done),
    );
    expect(count).toBe(40);
    expect(frames).toEqual([...poses.keys()]);
    // Two windows of 24 at each of four steps.
    expect(device.clips).toEqual(Array(8).fill(24));
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('is frame by frame where that is asked for, and one frame always is', async () => {
    const { engine, device } = await ready();
    await engine.animate(poses.slice(0, 3), { ...OPTIONS, motion: false }, () => {});
    await engine.renderFrame(POSE, OPTIONS);
    expect(device.clips).toEqual([]);
  });

  it('stops between two windows, and leaves nothing on the device', async () => {
    const { engine, device } = await ready();
    const job = engine.animate(
      poses,
      OPTIONS,
      () => {},
      ({ done }) => {
        if (done === 3) void engine.cancel();
      },
    );
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    expect(device.clips).toHaveLength(3);
    await engine.dispose();
    expect(device.tensors).toBe(0);
  });

  it('waits for whoever receives the frames', async () => {
    const { engine, device } = await ready();
    const [gate, first] = [later(), later()];
    const job = engine.animate(Array(100).fill(POSE), OPTIONS, () => {
      first.resolve();
      return gate.promise;
    });
    await first.promise;
    // The first frames are known after 1 + 2 + 3 + 4 of 20 windows.
    expect(device.clips).toHaveLength(10);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(device.clips).toHaveLength(10);
    gate.resolve();
    expect(await job).toBe(100);
  });

  it('is the default where modules came with the weights, and ours have to be asked for', () => {
    const own = {
      _class_name: 'TemporalAttention' as const,
      channels: [8],
      width: 4,
      slopes: [1],
      max_frames: 24,
    };
    const ours = { ...MANIFEST, configs: { ...MANIFEST.configs, motion: own } };
    const cases: [typeof MANIFEST, Partial<RenderOptions>, boolean][] = [
      [MANIFEST, { motion: true }, false],
      [manifest, {}, true],
      [manifest, { motion: false }, false],
      [manifest, { interaction: 'mutual' }, false],
      [ours, {}, false],
      [ours, { motion: true }, true],
    ];
    for (const [each, options, joins] of cases)
      expect(joinsFrames(each, { ...OPTIONS, ...options })).toBe(joins);
  });
});

function later() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
