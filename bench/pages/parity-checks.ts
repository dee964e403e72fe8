import type { Memory, Networks, Tensor } from '../../src/engine/backend.ts';
import { referenceEvaluation } from '../../src/engine/denoiser.ts';
import { denoisingSteps, eachAlone } from '../../src/engine/sampler.ts';
import { narrowDoubles, widenBrains, widenHalves } from '../../src/onnx/float.ts';
import { tensorIndexOf } from '../../src/onnx/safetensors.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';
import { DdimSchedule } from '../../src/scd/ddim.ts';

/** What a trusted implementation computed, with the inputs that it computed it from. */
export class Truth {
  readonly #tensors: ReadonlyMap<string, TruthTensor>;

  /** From the bytes of io.safetensors. */
  constructor(from: Uint8Array<ArrayBuffer> | ReadonlyMap<string, TruthTensor>) {
    this.#tensors = from instanceof Uint8Array ? readTruth(from) : from;
  }

  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  /** The members of its batch. The networks take one at a time. */
  get batch(): number {
    return Math.max(
      ...this.names.map((name) => (isBatched(this.get(name)) ? (this.get(name).shape[0] ?? 1) : 1)),
    );
  }

  /** The truth of one member; what all members share stays. */
  member(index: number): Truth {
    const one = (tensor: TruthTensor): TruthTensor => {
      const [count = 1, ...rest] = tensor.shape;
      if (!isBatched(tensor) || count === 1) return tensor;
      const size = tensor.values.length / count;
      return { shape: [1, ...rest], values: tensor.values.subarray(index * size, (index + 1) * size) };
    };
    return new Truth(new Map(this.names.map((name) => [name, one(this.get(name))])));
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  get(name: string): TruthTensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`io.safetensors has no ${name}.`);
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

interface TruthTensor {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** Lists of time steps and the like have one dimension. */
const isBatched = ({ shape }: TruthTensor): boolean => shape.length > 1;

function readTruth(file: Uint8Array<ArrayBuffer>): ReadonlyMap<string, TruthTensor> {
  const tensors = new Map<string, TruthTensor>();
  for (const [name, { dtype, shape, offset, bytes }] of tensorIndexOf(file, 'io.safetensors')) {
    const values = readNumbers(file.slice(offset, offset + bytes), dtype, name);
    if (values !== undefined) tensors.set(name, { shape, values });
  }
  return tensors;
}

/** Undefined for types that hold no numbers to compare. */
function readNumbers(bytes: Uint8Array<ArrayBuffer>, dtype: string, name: string): Float32Array | undefined {
  switch (dtype) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'F16':
      return widenHalves(new Uint16Array(bytes.buffer));
    case 'BF16':
      return widenBrains(new Uint16Array(bytes.buffer));
    case 'F64':
      return new Float32Array(narrowDoubles(bytes, name).buffer);
    case 'I32':
      return Float32Array.from(new Int32Array(bytes.buffer));
    case 'I64':
      return Float32Array.from(new BigInt64Array(bytes.buffer), Number);
    default:
      return undefined;
  }
}

export type Errors = Record<string, number>;

/** The tensors of a U-Net's truth on a device, and what both passes begin with. */
export interface Prepared {
  readonly truth: Truth;
  readonly noise: Tensor;
  readonly latents: Tensor;
  readonly context: Tensor | null;
  readonly referencePose: Tensor;
  readonly pose: Tensor;
  readonly memory: Memory;
  readonly errors: Errors;
}

/** The pose features and the reference pass, each held against the truth. */
export async function prepare(networks: Networks, truth: Truth): Promise<Prepared> {
  const errors: Errors = {};
  const encode = async (role: string): Promise<Tensor> => {
    const image = truth.upload(networks, `${role}_pose_image`);
    const features = await networks.encodePose(image);
    await check(networks, truth, errors, `${role}_pose_features`, features);
    return features;
  };
  const context = truth.has('tokens') ? truth.upload(networks, 'tokens') : null;
  const latents = truth.upload(networks, 'reference_latents');
  const referencePose = await encode('reference');
  const pose = await encode('target');
  const reference = referenceEvaluation(latents, referencePose, context);
  await check(networks, truth, errors, 'reference_output', await networks.evaluate(reference));
  const memory = await networks.remember([reference]);
  const noise = truth.upload(networks, 'noise');
  return { truth, noise, latents, context, referencePose, pose, memory, errors };
}

async function check(
  networks: Networks,
  truth: Truth,
  errors: Record<string, number>,
  name: string,
  tensor: Tensor,
): Promise<void> {
  if (truth.has(name)) errors[name] = truth.error(name, await networks.download(tensor));
}

/** Everything that the truth of a U-Net holds, computed by `networks`: the error of each. */
export async function unetErrors(
  networks: Networks,
  manifest: PackManifest,
  prepared: Prepared,
  onCheck: (name: string) => void = () => undefined,
): Promise<Errors> {
  const { truth, noise, context, pose, memory } = prepared;
  const errors = { ...prepared.errors };

  for (const name of truth.names) {
    const [, without = '', timestep] = /^target_output(?:_without_(\w+))?\.t(\d+)$/.exec(name) ?? [];
    if (timestep === undefined) continue;
    onCheck(name);
    const missing = without.split('_and_');
    const target = {
      sample: noise,
      pose: missing.includes('pose') ? null : pose,
      timestep: Number(timestep),
      context,
      ...(!missing.includes('reference') && { memory }),
    };
    await check(networks, truth, errors, name, await networks.evaluate(target));
  }

  const { scheduler } = manifest.configs;
  const schedule = new DdimSchedule(scheduler);
  const steps = Number(scheduler.steps ?? stepsIn(truth));
  if (truth.has('ddim.timesteps')) {
    const expected = [...truth.get('ddim.timesteps').values];
    const found = schedule.timesteps(steps);
    if (found.join() !== expected.join()) {
      throw new Error(`The schedule visits the time steps ${found}; the truth has ${expected}.`);
    }
  }
  // As diffusers has it: the unconditional branch reads as many tokens, all zeros.
  const nothing = context && networks.mix(0, context, 0, context);
  const plain = (sample: Tensor, timestep: number) =>
    networks.evaluate({ sample, pose, timestep, context, memory });
  const guided = async (sample: Tensor, timestep: number) =>
    networks.guide(
      await networks.evaluate({ sample, pose, timestep, context: nothing }),
      await plain(sample, timestep),
      guidanceOf(manifest),
    );
  for (const [kind, predict] of Object.entries({ ddim: plain, ddim_guided: guided })) {
    if (!truth.names.some((name) => name.startsWith(`${kind}.after_t`))) continue;
    const plan = {
      latents: [truth.upload(networks, 'noise')],
      timesteps: schedule.timesteps(steps),
      steps,
      seeds: [0],
    };
    for await (const step of denoisingSteps(networks, schedule, plan, eachAlone(predict))) {
      onCheck(`${kind}.after_t${step.timestep}`);
      await check(networks, truth, errors, `${kind}.after_t${step.timestep}`, step.latents[0] as Tensor);
    }
  }
  return errors;
}

/** Guidance's two evaluations side by side against one after the other: the worst difference over the deviation. */
export async function batchError(
  networks: Networks,
  { noise: sample, context, pose, memory }: Prepared,
  timestep = 500,
): Promise<number> {
  const both = [
    { sample, pose, timestep, context, memory },
    { sample, pose, timestep },
  ];
  const together = await networks.evaluateAll(both);
  const errors: number[] = [];
  for (const [i, evaluation] of both.entries()) {
    const alone = await networks.evaluate(evaluation);
    const truth = new Truth(
      new Map([['alone', { values: await networks.download(alone), shape: alone.shape }]]),
    );
    errors.push(truth.error('alone', await networks.download(together[i] as Tensor)));
    alone.dispose();
    together[i]?.dispose();
  }
  return worst(errors);
}

const stepsIn = ({ names }: Truth): number => names.filter((name) => name.startsWith('ddim.after_t')).length;

function guidanceOf({ configs }: PackManifest): number {
  const guidance = configs.scheduler.guidance_scale_of_ddim_guided;
  if (typeof guidance === 'number') return guidance;
  throw new Error(
    "The scheduler's config does not say guidance_scale_of_ddim_guided, which the guided truth was made with.",
  );
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

/** Names in the truth that are no input and that no check looked at: a check of theirs could not fail. */
export function unchecked(truth: Truth, errors: Errors): string[] {
  const inputs = /^(tokens|noise|image|reference_latents|\w+_pose_image|ddim\.timesteps)$/;
  // Keys, values and a distribution's moments are inside the networks; what is checked stands on them.
  const inside = /^([kv]\..*|moments)$/;
  return truth.names.filter((name) => !(name in errors) && !inputs.test(name) && !inside.test(name));
}

/** NaN counts as the worst of all. */
export function worst(errors: Errors | readonly number[]): number {
  return Object.values<number>(errors).reduce((a, b) => (Number.isNaN(b) || b > a ? b : a), 0);
}

/** The size in pixels that a truth was computed at. */
export function truthSize(truth: Truth): { width: number; height: number } {
  const [, , height = 0, width = 0] = truth.get(truth.has('image') ? 'image' : 'reference_pose_image').shape;
  return { width, height };
}
