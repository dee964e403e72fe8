import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { engineOn, type FakeDevice, IMAGE, MANIFEST, OPTIONS, POSE } from '../../tools/fake-engine.ts';
import { CancelledError } from '../errors.ts';
import { imageProcessorOf } from '../pack/image-processor.ts';
import type { PackManifest } from '../pack/manifest.ts';
import type { RenderOptions } from './api.ts';
import {
  DeviceLostError,
  DoesNotFitError,
  NetworkError,
  NotFiniteError,
  NotReadyError,
  NoWebGpuError,
  OutOfMemoryError,
  WrongInputError,
} from './errors.ts';

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

describe('frames', () => {
  it('make the reference pass once, and one evaluation a step', async () => {
    const { ready, devices } = engineOn();
    const engine = await ready();
    await engine.renderFrame(POSE, OPTIONS);
    await engine.renderFrame(POSE, OPTIONS);
    expect(devices[0]).toMatchObject({ references: 1, sizes: ['64x64'] });
    expect(devices[0]?.evaluations).toHaveLength(8);
    expect(devices[0]?.evaluations.every(({ memory }) => memory)).toBe(true);
  });

  it('are guided against a branch that sees the pose but no reference', async () => {
    const { ready, devices } = engineOn();
    await (await ready()).renderFrame(POSE, { ...OPTIONS, steps: 1, guidance: 2 });
    const [conditional, unconditional] = devices[0]?.evaluations ?? [];
    expect(conditional?.memory).toBeDefined();
    expect(unconditional?.memory).toBeUndefined();
    expect(unconditional?.pose).toBe(conditional?.pose);
  });

  it('keep no tensor but the references, their memory and the last latents', async () => {
    const { ready, devices } = engineOn();
    const engine = await ready();
    const after: number[] = [];
    for (const options of [
      {},
      { guidance: 3 },
      { eta: 1 },
      { interaction: 'mutual' as const },
      { interaction: 'mutual' as const, referencePose: false },
      { fromLastFrame: { strength: 0.5 } },
      { fromLastFrame: { strength: 0 } },
    ]) {
      await engine.renderFrame(POSE, { ...OPTIONS, ...options });
      after.push(devices[0]?.tensors ?? -1);
    }
    expect(after).toEqual(Array(7).fill(4));
  });

  it('start from the last one with the steps that its strength leaves', async () => {
    const { ready, devices } = engineOn();
    const engine = await ready();
    const count = async (strength: number) => {
      const before = devices[0]?.evaluations.length ?? 0;
      await engine.renderFrame(POSE, { ...OPTIONS, fromLastFrame: { strength } });
      return (devices[0]?.evaluations.length ?? 0) - before;
    };
    // There is no last frame yet: all steps.
    expect(await count(0.5)).toBe(4);
    expect(await count(0.5)).toBe(2);
    expect(await count(0)).toBe(0);
  });

  it('are retouched where the pack can and nobody minds', async () => {
    const retoucher = { block_out_channels: [8], layers_per_block: [1], last_channels: 4 };
    const configs = { ...MANIFEST.configs, retoucher };
    const { ready, devices } = engineOn(undefined, { ...MANIFEST, configs });
    const engine = await ready();
    await engine.renderFrame(POSE, { ...OPTIONS, steps: 1 });
    const held = devices[0]?.tensors;
    await engine.renderFrame(POSE, { ...OPTIONS, steps: 1, retouch: false });
    await engine.renderFrame(POSE, { ...OPTIONS, steps: 1 });
    const pictures = ['frame 3', 'photo 3', 'torso 3', 'limbs 3', 'nearness 2'];
    expect(devices[0]?.retouched).toEqual([pictures, pictures]);
    expect(devices[0]?.tensors).toBe(held);
    await engine.dispose();
    expect(devices[0]?.tensors).toBe(0);
    const without = engineOn();
    await (await without.ready()).renderFrame(POSE, { ...OPTIONS, steps: 1 });
    expect(without.devices[0]?.retouched).toEqual([]);
  });

  it('follow the tokens of their references, and are guided away from none', async () => {
    const part = (name: string) => ({ graph: `${name}.onnx`, weights: `${name}.safetensors` });
    const configs = {
      ...MANIFEST.configs,
      imageEncoder: { hidden_size: 8 } as NonNullable<PackManifest['configs']['imageEncoder']>,
      imageProcessor: imageProcessorOf(undefined, { image_size: 8 } as never, true),
      referenceNet: MANIFEST.configs.unet,
    };
    const { ready, devices, fetched } = engineOn(undefined, {
      ...MANIFEST,
      configs,
      imageEncoder: [part('sees')],
      referenceNet: [part('looks')],
    });
    const engine = await ready();
    // What is read only when a photo is looked at is there from the start.
    expect(fetched).toEqual(['sees.onnx', 'sees.safetensors', 'looks.onnx', 'looks.safetensors']);
    await engine.setReferences([
      { image: IMAGE, pose: POSE },
      { image: IMAGE, pose: POSE },
    ]);
    await engine.renderFrame(POSE, { ...OPTIONS, steps: 1, guidance: 2 });
    const [conditional, unconditional] = devices[0]?.evaluations ?? [];
    expect(conditional?.context?.shape).toEqual([1, 1, 8]);
    expect(unconditional?.context ?? null).toBeNull();
    // Two references with their tokens, what these have in common, the memory and the last latents.
    expect(devices[0]?.tensors).toBe(7);
    await engine.dispose();
    expect(devices[0]?.tensors).toBe(0);
  });

  it('compile again for another size', async () => {
    const { ready, devices } = engineOn();
    const engine = await ready();
    await engine.renderFrame(POSE, OPTIONS);
    await engine.renderFrame(POSE, { ...OPTIONS, width: 128 });
    expect(devices[0]).toMatchObject({ references: 2, sizes: ['64x64', '128x64'] });
  });
});

describe('a clip', () => {
  it('waits for its receiver before the next frame', async () => {
    const { ready, devices } = engineOn();
    const seen: number[] = [];
    const count = await (await ready()).animate([POSE, POSE, POSE], OPTIONS, async ({ index }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(index, devices[0]?.evaluations.length ?? 0);
    });
    expect(count).toBe(3);
    expect(seen).toEqual([0, 4, 1, 8, 2, 12]);
  });

  it('stops within one step when cancelled, and the engine goes on', async () => {
    const { ready, devices } = engineOn();
    const engine = await ready();
    const clip = engine.animate([POSE, POSE], { ...OPTIONS, steps: 50 }, () => {});
    while ((devices[0]?.evaluations.length ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve));
    const before = devices[0]?.evaluations.length ?? 0;
    await engine.cancel();
    await expect(clip).rejects.toBeInstanceOf(CancelledError);
    expect((devices[0]?.evaluations.length ?? 0) - before).toBeLessThanOrEqual(1);
    await expect(engine.renderFrame(POSE, OPTIONS)).resolves.toMatchObject({ index: 0 });
  });

  it('can be cancelled by the receiver of its frames', async () => {
    const { ready } = engineOn();
    const engine = await ready();
    const frames: number[] = [];
    const clip = engine.animate([POSE, POSE, POSE], OPTIONS, async ({ index }) => {
      frames.push(index);
      await engine.cancel();
    });
    await expect(clip).rejects.toBeInstanceOf(CancelledError);
    expect(frames).toEqual([0]);
  });
});

describe('a lost device', () => {
  it('ends the frame at once with an error that says so, whatever hangs', async () => {
    const { ready } = engineOn((device) => {
      device.onEvaluate = () => {
        if (device.evaluations.length === 2) device.lose('someone pulled the plug');
      };
      device.done = () => new Promise(() => {});
    });
    const frame = (await ready()).renderFrame(POSE, OPTIONS);
    await expect(frame).rejects.toThrow(/someone pulled the plug/);
    await expect(frame).rejects.toBeInstanceOf(DeviceLostError);
  });
});

describe('overflow', () => {
  it('is the end of that frame', async () => {
    const { ready } = engineOn((device) => {
      device.onDraw = () => {
        throw new NotFiniteError(device.precision);
      };
    });
    await expect((await ready()).renderFrame(POSE, OPTIONS)).rejects.toBeInstanceOf(NotFiniteError);
  });
});

describe('the queue of a device that answers late', () => {
  /** A device on which a step takes as long as a test says. */
  function slow() {
    const waiting: (() => void)[] = [];
    const { ready, devices } = engineOn((device) => {
      device.done = () => new Promise((resolve) => waiting.push(resolve));
    });
    const steps = () => devices[0]?.evaluations.length ?? 0;
    const idle = () => new Promise((resolve) => setTimeout(resolve, 20));
    return { ready, waiting, steps, idle };
  }

  it('holds two steps, and one more for each that is done', async () => {
    const { ready, waiting, steps, idle } = slow();
    const frame = (await ready()).renderFrame(POSE, { ...OPTIONS, steps: 5 });
    for (const most of [2, 3, 4, 5]) {
      await vi.waitFor(() => expect(steps()).toBe(most));
      await idle();
      expect(steps()).toBe(most);
      waiting.shift()?.();
    }
    // What is waited for now may be asked for only later.
    const answers = setInterval(() => waiting.splice(0).forEach((done) => done()), 5);
    await expect(frame).resolves.toMatchObject({ index: 0 });
    clearInterval(answers);
  });

  it('is left at once by whoever cancels, and no frame comes of it', async () => {
    const { ready, idle } = slow();
    const engine = await ready();
    let outcome = 'none';
    const frame = engine.renderFrame(POSE, { ...OPTIONS, steps: 20 });
    frame.then(
      () => (outcome = 'a frame'),
      (error: Error) => (outcome = error.name),
    );
    await idle();
    await engine.cancel();
    expect(outcome).toBe('CancelledError');
  });

  it('gives no frame to one who cancels while it is drawn', async () => {
    let draw = () => {};
    const drawn = new Promise<void>((resolve) => (draw = resolve));
    const { ready } = engineOn((device) => {
      device.onDraw = () => drawn;
    });
    const engine = await ready();
    const frame = engine.renderFrame(POSE, OPTIONS);
    frame.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const cancelled = engine.cancel();
    draw();
    await cancelled;
    await expect(frame).rejects.toBeInstanceOf(CancelledError);
  });

  it('tells each stage by its own end', async () => {
    // Evaluations are issued in no time, and done 20 ms later, one after another.
    let last = Promise.resolve();
    const later = (ms: number) => {
      last = last.then(() => new Promise((resolve) => setTimeout(resolve, ms)));
    };
    const { ready } = engineOn((device) => {
      device.onEvaluate = () => later(20);
      device.onDraw = () => last;
      device.done = () => last;
    });
    const engine = await ready();
    const began = performance.now();
    const { timings } = await engine.renderFrame(POSE, { ...OPTIONS, steps: 6 });
    const wall = performance.now() - began;
    expect(timings.denoiseMs).toBeGreaterThan(100);
    expect(timings.decodeMs).toBeLessThan(60);
    expect(Math.abs((timings.denoiseMs + timings.decodeMs) / wall - 1)).toBeLessThan(0.2);
  });
});

describe('the choice of a device', () => {
  const broken = (error: Error) => (device: FakeDevice) => {
    if (device.kind === 'webgpu') {
      device.build = async () => {
        throw error;
      };
    }
  };

  it.each([
    new NoWebGpuError('no adapter'),
    new OutOfMemoryError('compiling'),
    new NetworkError('compiling'),
  ])('falls back to the processor: $name', async (error) => {
    const { ready } = engineOn(broken(error));
    const info = await (await ready({ backend: 'auto' })).info();
    expect(info).toMatchObject({ backend: 'wasm', precision: 'f32' });
    expect(info?.notices).toEqual([expect.stringContaining(error.message)]);
  });

  it('is made before any weights are read, for a model that is too large', async () => {
    const small = (device: FakeDevice) =>
      device.kind === 'webgpu' && Object.assign(device, { largestTensor: 1 });
    const { ready, devices } = engineOn(small);
    const info = await (await ready({ backend: 'auto' })).info();
    expect(info?.notices).toEqual([expect.stringContaining('takes 1 MB at most')]);
    expect(devices.map(({ kind, sizes }) => [kind, sizes.length])).toEqual([
      ['webgpu', 0],
      ['wasm', 1],
    ]);
    await expect(ready({ backend: 'webgpu' })).rejects.toBeInstanceOf(DoesNotFitError);
  });

  it('does not fall back for a pack that is broken', async () => {
    const { ready } = engineOn(broken(new WrongInputError('broken', 'mend it')));
    await expect(ready({ backend: 'auto' })).rejects.toBeInstanceOf(WrongInputError);
  });

  it('keeps to the one that the caller insists on', async () => {
    const { ready } = engineOn(broken(new NoWebGpuError('no adapter')));
    await expect(ready({ backend: 'webgpu' })).rejects.toBeInstanceOf(NoWebGpuError);
  });
});

describe('jobs', () => {
  it('run one at a time, in order, past one that fails', async () => {
    const { ready, devices } = engineOn();
    const engine = await ready();
    const order: string[] = [];
    let running = 0;
    (devices[0] as FakeDevice).onEvaluate = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
    };
    const first = engine.renderFrame(POSE, OPTIONS).then(() => order.push('first'));
    const bad = engine.renderFrame(POSE, { ...OPTIONS, width: 100 }).catch(() => order.push('bad'));
    const last = engine.renderFrame(POSE, OPTIONS).then(() => order.push('last'));
    await Promise.all([first, bad, last]);
    expect(order).toEqual(['first', 'bad', 'last']);
  });

  it.each<[string, Partial<RenderOptions>]>([
    ['a width of 100', { width: 100 }],
    ['a height of 0', { height: 0 }],
    ['a huge picture', { width: 4096 }],
    ['half a step', { steps: 0.5 }],
    ['no step', { steps: 0 }],
    ['a strength of 2', { fromLastFrame: { strength: 2 } }],
    ['a seed of NaN', { seed: Number.NaN }],
    ['an eta of -1', { eta: -1 }],
  ])('are refused with %s', async (_, options) => {
    const { ready } = engineOn();
    const refusal = (await ready()).renderFrame(POSE, { ...OPTIONS, ...options });
    await expect(refusal).rejects.toMatchObject({ remedy: expect.stringMatching(/\w/) });
  });

  it('are refused with half a pose', async () => {
    const { ready } = engineOn();
    const engine = await ready();
    const half = { ...POSE, joints: new Float32Array(27) };
    await expect(engine.renderFrame(half, OPTIONS)).rejects.toBeInstanceOf(WrongInputError);
    await expect(engine.animate([POSE, half], OPTIONS, () => {})).rejects.toBeInstanceOf(WrongInputError);
  });

  it('say what they need first', async () => {
    const { engine } = engineOn();
    await expect(engine.renderFrame(POSE, OPTIONS)).rejects.toBeInstanceOf(NotReadyError);
    await engine.load({ kind: 'url', url: '' }, {});
    await expect(engine.renderFrame(POSE, OPTIONS)).rejects.toBeInstanceOf(NotReadyError);
  });

  it('end with the engine', async () => {
    const { ready, devices } = engineOn();
    const engine = await ready();
    const frame = engine.renderFrame(POSE, { ...OPTIONS, steps: 500 });
    frame.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await engine.dispose();
    await expect(frame).rejects.toBeInstanceOf(CancelledError);
    expect(devices[0]).toMatchObject({ isDisposed: true, tensors: 0 });
    expect(await engine.info()).toBeUndefined();
  });
});
