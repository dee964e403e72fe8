import type { BackendKind } from '../../src/engine/api.ts';
import type { Networks, Tensor } from '../../src/engine/backend.ts';
import { createBackend } from '../../src/engine/backends.ts';
import { Denoiser } from '../../src/engine/denoiser.ts';
import { openPack } from '../../src/pack/open.ts';
import { Truth } from './parity-checks.ts';

export interface MotionCheck {
  /** Below this address lie a pack of diffusers' UNetMotionModel and its io.safetensors, */
  readonly url: string;
  readonly backend: BackendKind;
}

/** or those of a clip in windows (training/scd/motion_fixture.py), with how it was made. */
export interface WindowsCheck extends MotionCheck {
  readonly steps: number;
  readonly seed: number;
  readonly overlap: number;
  readonly guidance: number;
  readonly frames: number;
}

export interface MotionErrors {
  readonly device: string;
  readonly errors: Readonly<Record<string, number>>;
}

async function checkMotion({ url, backend: kind }: MotionCheck): Promise<MotionErrors> {
  const { pack, truth } = await open(url);
  const backend = await createBackend(kind, { precision: 'f32', threads: 0 });
  const { shape } = truth.get('sample');
  const [, channels = 0, frames = 0, height = 0, width = 0] = shape;
  const networks = await backend.build(pack, { width: width * 8, height: height * 8 });
  const context = truth.upload(networks, 'encoder_hidden_states');
  const errors: Record<string, number> = {};
  for (const name of truth.names) {
    const [, t, moved] = /^output\.t(\d+)(\.shifted)?$/.exec(name) ?? [];
    if (t === undefined) continue;
    // The order of the shifted frames is not written down: one place on, this way or that.
    const shifts = moved ? [1, frames - 1] : [0];
    const found: number[] = [];
    for (const shift of shifts) {
      const order = Array.from({ length: frames }, (_, f) => (f + shift) % frames);
      const samples = order.map((f) =>
        networks.upload(frameOf(truth, 'sample', f), [1, channels, height, width]),
      );
      const evaluations = samples.map((sample) => ({ sample, pose: null, timestep: Number(t), context }));
      const predictions = await networks.evaluateClip(evaluations);
      found.push(truth.error(name, await clipOf(networks, predictions, shape)));
      for (const tensor of [...samples, ...predictions]) tensor.dispose();
    }
    errors[name] = Math.min(...found);
  }
  const { device, precision } = backend;
  networks.dispose();
  backend.dispose();
  return { device: `${device}, ${precision}`, errors };
}

async function checkWindows(check: WindowsCheck): Promise<MotionErrors> {
  const { pack, truth } = await open(check.url);
  const backend = await createBackend(check.backend, { precision: 'f32', threads: 0 });
  const [, , height = 0, width = 0] = truth.get('pose_images').shape;
  const own = await backend.build(pack, { width, height });
  // The fixture has no autoencoder: its reference is latents.
  const networks = new Proxy(own, {
    get(target, name) {
      if (name === 'encodeImage') return async () => truth.upload(target, 'reference_latents');
      const value = target[name as keyof Networks] as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const pictures = truth.get('pose_images').values;
  const picture = (f: number) => pictures.slice(f * 3 * width * height, (f + 1) * 3 * width * height);
  const denoiser = new Denoiser(networks, pack.manifest, { width, height });
  await denoiser.setReferences([{ image: new Float32Array(3 * width * height), skeleton: picture(0) }]);
  const errors: Record<string, number> = {};
  for (const name of truth.names) {
    const [, order, kind] = /^latents\.(sliding|uniform)\.(plain|guided)$/.exec(name) ?? [];
    if (order === undefined) continue;
    const options = {
      steps: check.steps,
      seed: check.seed,
      guidance: kind === 'guided' ? check.guidance : 1,
      windows: { overlap: check.overlap, order: order as 'sliding' | 'uniform' },
    };
    const values: number[] = [];
    for await (const { latents } of denoiser.denoiseClip(check.frames, (f) => picture(f + 1), options)) {
      values.push(...(await networks.download(latents)));
      latents.dispose();
    }
    errors[name] = truth.error(name, Float32Array.from(values));
  }
  const { device, precision } = backend;
  denoiser.dispose();
  own.dispose();
  backend.dispose();
  return { device: `${device}, ${precision}`, errors };
}

async function open(url: string) {
  const pack = await openPack({ kind: 'url', url });
  return {
    pack,
    truth: new Truth(new Uint8Array(await (await fetch(`${url}io.safetensors`)).arrayBuffer())),
  };
}

/** Frame f of [1, channels, frames, height, width]. */
function frameOf(truth: Truth, name: string, f: number): Float32Array {
  const { shape, values } = truth.get(name);
  const [, channels = 0, frames = 0, height = 0, width = 0] = shape;
  const area = height * width;
  const frame = new Float32Array(channels * area);
  for (let c = 0; c < channels; c++)
    frame.set(values.subarray((c * frames + f) * area, (c * frames + f + 1) * area), c * area);
  return frame;
}

/** The way back. */
async function clipOf(
  networks: Networks,
  made: readonly Tensor[],
  [, channels = 0, frames = 0, height = 0, width = 0]: readonly number[],
): Promise<Float32Array> {
  const area = height * width;
  const clip = new Float32Array(channels * frames * area);
  for (const [f, tensor] of made.entries()) {
    const frame = await networks.download(tensor);
    for (let c = 0; c < channels; c++)
      clip.set(frame.subarray(c * area, (c + 1) * area), (c * frames + f) * area);
  }
  return clip;
}

Object.assign(window, { checkMotion, checkWindows });
