import type { Networks, Tensor } from '../../src/engine/backend.ts';
import { denoisingSteps, type Predict, referenceEvaluation } from '../../src/engine/denoiser.ts';
import { tensorIndexOf } from '../../src/onnx/safetensors.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';
import { DdimSchedule } from '../../src/scd/ddim.ts';

/** What a trusted implementation computed, with the inputs that it computed it from. */
export class Truth {
  readonly #tensors = new Map<string, { readonly values: Float32Array; readonly shape: readonly number[] }>();

  constructor(file: Uint8Array<ArrayBuffer>) {
    for (const [name, { dtype, shape, offset, bytes }] of tensorIndexOf(file, 'io.safetensors')) {
      if (dtype !== 'F32') continue;
      this.#tensors.set(name, { shape, values: new Float32Array(file.slice(offset, offset + bytes).buffer) });
    }
  }

  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  get(name: string): { readonly values: Float32Array; readonly shape: readonly number[] } {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`The truth has no ${name}.`);
    return tensor;
  }

  upload(networks: Networks, name: string): Tensor {
    const { values, shape } = this.get(name);
    return networks.upload(values, shape);
  }

  /** The worst error over the truth's standard deviation; NaN where a value is NaN. */
  error(name: string, found: Float32Array): number {
    const { values } = this.get(name);
    if (values.length !== found.length) return Number.NaN;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return (
      values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (found[i] ?? Number.NaN))), 0) /
      Math.sqrt(variance)
    );
  }
}

export type Errors = Record<string, number>;

/** Everything that the truth of a U-Net holds, computed by `networks`: the error of each. */
export async function unetErrors(networks: Networks, manifest: PackManifest, truth: Truth): Promise<Errors> {
  const errors: Errors = {};
  const check = async (name: string, tensor: Tensor): Promise<void> => {
    errors[name] = truth.error(name, await networks.download(tensor));
  };
  const context = truth.has('tokens') ? truth.upload(networks, 'tokens') : null;
  const latents = truth.upload(networks, 'reference_latents');
  const noise = truth.upload(networks, 'noise');
  const referencePose = await networks.encodePose(truth.upload(networks, 'reference_pose_image'));
  const pose = await networks.encodePose(truth.upload(networks, 'target_pose_image'));
  await check('reference_pose_features', referencePose);
  await check('target_pose_features', pose);

  const reference = referenceEvaluation(latents, referencePose, context);
  await check('reference_output', await networks.evaluate(reference));
  const memory = await networks.remember([reference]);

  for (const name of truth.names) {
    const [, without, timestep] = /^target_output(?:_without_(\w+))?\.t(\d+)$/.exec(name) ?? [];
    if (timestep === undefined) continue;
    const target = {
      sample: noise,
      pose: without === 'pose' ? null : pose,
      timestep: Number(timestep),
      context,
      ...(without !== 'reference' && { memory }),
    };
    await check(name, await networks.evaluate(target));
  }

  const { guidance_scale_of_ddim_guided: guidance, steps } = manifest.configs.scheduler;
  const plain: Predict = (sample, timestep) => networks.evaluate({ sample, pose, timestep, context, memory });
  const guided: Predict = async (sample, timestep) =>
    networks.guide(
      await networks.evaluate({ sample, pose, timestep }),
      await plain(sample, timestep),
      Number(guidance),
    );
  for (const [kind, predict] of Object.entries({ ddim: plain, ddim_guided: guided })) {
    const schedule = new DdimSchedule(manifest.configs.scheduler);
    const plan = {
      latents: truth.upload(networks, 'noise'),
      timesteps: schedule.timesteps(Number(steps)),
      steps: Number(steps),
      seed: 0,
    };
    for await (const step of denoisingSteps(networks, schedule, plan, predict)) {
      await check(`${kind}.after_t${step.timestep}`, step.latents);
    }
  }
  memory.dispose();
  expectAllChecked(truth, errors);
  return errors;
}

/** An autoencoder's truth keeps its latents unscaled; the networks' are as the U-Net sees them. */
export async function autoencoderErrors(
  networks: Networks,
  manifest: PackManifest,
  truth: Truth,
): Promise<Errors> {
  const scale = manifest.configs.autoencoder?.scaling_factor ?? 1;
  const encoded = await networks.encodeImage(truth.upload(networks, 'image'));
  const { values, shape } = truth.get('latents');
  const latents = networks.upload(
    values.map((value) => value * scale),
    shape,
  );
  const unscaled = (await networks.download(encoded)).map((value) => value / scale);
  return {
    latents: truth.error('latents', unscaled),
    decoded: truth.error('decoded', await networks.download(await networks.decode(latents))),
  };
}

/** A name in the truth that no check looked at would be a check that cannot fail. */
function expectAllChecked(truth: Truth, errors: Errors): void {
  const inputs = /^(tokens|noise|reference_latents|\w+_pose_image)$/;
  // Keys and values are inside a device's Memory; every target output stands on them.
  const inside = /^[kv]\./;
  const unchecked = truth.names.filter(
    (name) => !(name in errors) && !inputs.test(name) && !inside.test(name),
  );
  if (unchecked.length > 0) throw new Error(`No check looked at ${unchecked.join(', ')}.`);
}

/** NaN counts as the worst of all. */
export function worst(errors: Errors): number {
  return Object.values(errors).reduce((a, b) => (Number.isNaN(b) || b > a ? b : a), 0);
}

/** The size in pixels that a truth was computed at. */
export function truthSize(truth: Truth): { width: number; height: number } {
  const [, , height = 0, width = 0] = truth.get(truth.has('image') ? 'image' : 'reference_pose_image').shape;
  return { width, height };
}
