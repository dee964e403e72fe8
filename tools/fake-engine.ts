/** An engine on devices that compute nothing, for tests of what the engine asks of a device and when. */

import type { BackendKind, LoadOptions, RenderOptions } from '../src/engine/api.ts';
import type { Backend, Evaluation, Networks, Tensor } from '../src/engine/backend.ts';
import { Engine } from '../src/engine/engine.ts';
import { PACK_FORMAT, PACK_VERSION, type Pack, type PackManifest } from '../src/pack/manifest.ts';
import { memoryPack } from './memory-pack.ts';

export const MANIFEST: PackManifest = {
  format: PACK_FORMAT,
  version: PACK_VERSION,
  name: 'Test',
  licence: 'CC0-1.0',
  provenance: 'None.',
  precision: 'f16',
  configs: {
    unet: {
      in_channels: 4,
      out_channels: 4,
      down_block_types: ['DownBlock2D'],
      up_block_types: ['UpBlock2D'],
      block_out_channels: [8],
      layers_per_block: 1,
      norm_num_groups: 1,
      norm_eps: 1e-5,
      cross_attention_dim: null,
      attention_head_dim: 1,
      flip_sin_to_cos: true,
      freq_shift: 0,
      act_fn: 'silu',
    },
    poseEncoder: { conditioning_embedding_channels: 8, conditioning_channels: 3, block_out_channels: [8] },
    scheduler: {
      num_train_timesteps: 1000,
      beta_start: 0.00085,
      beta_end: 0.012,
      beta_schedule: 'scaled_linear',
      prediction_type: 'v_prediction',
      clip_sample: false,
    },
  },
  skeleton: { limbWidth: 4, jointRadius: 4 },
  defaults: { width: 64, height: 64, steps: 4, guidance: 1 },
  unet: [],
  poseEncoder: { graph: '', weights: '' },
  files: {},
};

export const OPTIONS: RenderOptions = { width: 64, height: 64, steps: 4, seed: 1, guidance: 1 };
export const POSE = { width: 64, height: 64, joints: new Float32Array(54).fill(1) };
export const IMAGE = { width: 64, height: 64, close() {} } as unknown as ImageBitmap;

/** A device that counts what it is asked, computes nothing, and fails when a test says so. */
export class FakeDevice implements Backend {
  readonly device = 'a fake';
  readonly threads = 1;
  readonly lost: Promise<string>;
  lose: (reason: string) => void = () => {};
  readonly sizes: string[] = [];
  readonly evaluations: Evaluation[] = [];
  /** The pictures of each call, with their channels. */
  readonly retouched: (readonly string[])[] = [];
  /** How many frames each window had that was predicted. */
  readonly clips: number[] = [];
  references = 0;
  tensors = 0;
  /** Called before every evaluation. */
  onEvaluate: () => void | Promise<void> = () => {};
  onDraw: () => void | Promise<void> = () => {};
  done: () => Promise<void> = async () => {};
  isDisposed = false;

  constructor(
    readonly kind: BackendKind,
    readonly precision: 'f16' | 'f32',
  ) {
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
  }

  async build(_: Pack, { width, height }: { width: number; height: number }): Promise<Networks> {
    this.sizes.push(`${width}x${height}`);
    const device = this;
    const make = (shape: readonly number[]): Tensor => {
      device.tensors++;
      let isGone = false;
      return {
        shape,
        dispose() {
          if (isGone) throw new Error('A tensor was disposed twice.');
          isGone = true;
          device.tensors--;
        },
      };
    };
    const latents = [1, 4, height / 8, width / 8];
    const networks: Networks = {
      upload: (_values, shape) => make(shape),
      download: async () => new Float32Array(),
      encodePose: async () => make([1, 8, height / 8, width / 8]),
      encodeImage: async () => make(latents),
      encodeTokens: async () => make([1, 1, 8]),
      decode: async () => make([1, 3, height, width]),
      async retouch(pictures) {
        device.retouched.push(Object.entries(pictures).map(([name, { shape }]) => `${name} ${shape[1]}`));
        return make([1, 3, height, width]);
      },
      toPixels: async () => new Uint8ClampedArray(),
      async toImage() {
        await device.onDraw();
        return IMAGE;
      },
      async evaluate(evaluation) {
        device.evaluations.push(evaluation);
        await device.onEvaluate();
        return make(evaluation.sample.shape);
      },
      async evaluateAll(evaluations) {
        const predictions: Tensor[] = [];
        for (const evaluation of evaluations) predictions.push(await networks.evaluate(evaluation));
        return predictions;
      },
      async evaluateClip(evaluations) {
        device.clips.push(evaluations.length);
        return networks.evaluateAll(evaluations);
      },
      async remember(references) {
        device.references += references.length;
        return { dispose: make([]).dispose };
      },
      step: (sample) => make(sample.shape),
      guide: (unconditional) => make(unconditional.shape),
      mix: (_a, x) => make(x.shape),
      blend: (_mask, x) => make(x.shape),
      warp: (picture) => make(picture.shape),
      beside: (left) => make(left.shape),
      rightHalf: (tensor) => make(tensor.shape),
      done: () => device.done(),
      dispose() {},
    };
    return networks;
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** An engine on fake devices, in the order it asked for them. */
export function engineOn(
  prepare: (device: FakeDevice, nth: number) => void = () => {},
  manifest: PackManifest = MANIFEST,
) {
  const devices: FakeDevice[] = [];
  const fetched: string[] = [];
  const engine = new Engine({
    openPack: async () => ({
      ...memoryPack(new Map([['pack.json', encode(manifest)]])),
      fetch: async (path) => void fetched.push(path),
    }),
    async createBackend(kind, { precision }) {
      const device = new FakeDevice(kind, kind === 'wasm' ? 'f32' : precision);
      prepare(device, devices.length);
      devices.push(device);
      return device;
    },
  });
  return {
    engine,
    devices,
    fetched,
    async ready(options: LoadOptions = { backend: 'webgpu' }) {
      await engine.load({ kind: 'url', url: '' }, options);
      await engine.setReferences([{ image: IMAGE, pose: POSE }]);
      return engine;
    },
  };
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
