import { isTemporalAttention } from '../onnx/configs.ts';
import type { PackManifest } from '../pack/manifest.ts';
import { DdimSchedule, timestepsFrom } from '../scd/ddim.ts';
import { gaussianNoise } from '../scd/noise.ts';
import { WINDOWS } from '../scd/windows.ts';
import type { RenderOptions } from './api.ts';
import type { Evaluation, Memory, Networks, Tensor } from './backend.ts';
import {
  type ClipDenoising,
  type ClipProgress,
  denoiseClip,
  type PredictWindow,
  windowsToPredict,
} from './clip.ts';
import { countOf } from './device.ts';
import { NotReadyError, WrongInputError } from './errors.ts';
import { maxFramesOf } from './motion.ts';
import { type AfterStep, denoisingSteps, eachAlone, type Predict } from './sampler.ts';

export type DenoiseOptions = Omit<RenderOptions, 'width' | 'height'>;

/** A reference at the size the networks are compiled for: planes as `encodeImage` and `encodePose` take them. */
export interface ReferencePlanes {
  readonly image: Float32Array;
  readonly skeleton: Float32Array;
  /** The picture as the image encoder takes it, where the pack has one. */
  readonly pixels?: Float32Array;
}

interface EncodedReference {
  readonly latents: Tensor;
  /** A reference net sees no pose. */
  readonly features: Tensor | null;
  readonly tokens: Tensor | null;
}

/**
 * Spatially Conditioned Diffusion over a device's networks: the references pass through the U-Net once, then any
 * number of frames look at what that pass left behind.
 */
export class Denoiser {
  readonly #networks: Networks;
  readonly #schedule: DdimSchedule;
  readonly #manifest: PackManifest;
  readonly #pictureShape: readonly number[];
  #references: readonly EncodedReference[] = [];
  /** What the frames' cross-attention reads. */
  #context: Tensor | null = null;
  #memory: { readonly withPose: boolean; readonly memory: Memory } | undefined;
  #lastFrame: Tensor | undefined;

  constructor(
    networks: Networks,
    manifest: PackManifest,
    size: { readonly width: number; readonly height: number },
  ) {
    this.#networks = networks;
    this.#manifest = manifest;
    this.#schedule = new DdimSchedule(manifest.configs.scheduler);
    this.#pictureShape = [1, 3, size.height, size.width];
  }

  async setReferences(references: readonly ReferencePlanes[]): Promise<void> {
    this.#forget();
    const encoded: EncodedReference[] = [];
    // From the first on, so that none is forgotten when a later one fails.
    this.#references = encoded;
    for (const { image, skeleton, pixels } of references) {
      const tokens = pixels ? await this.#encodeTokens(pixels) : null;
      const latents = await this.#encode(image, (picture) => this.#networks.encodeImage(picture));
      const features = this.#hasReferenceNet ? null : await this.#encodePose(skeleton);
      encoded.push({ latents, features, tokens });
    }
    this.#context = mean(
      this.#networks,
      encoded.flatMap(({ tokens }) => tokens ?? []),
    );
  }

  /** The clean latents of one frame; they stay the denoiser's, until the next frame. */
  async denoise(
    skeleton: Float32Array,
    options: DenoiseOptions,
    signal?: AbortSignal,
    after?: AfterStep,
  ): Promise<Tensor> {
    const [reference] = this.#references;
    if (reference === undefined) {
      throw new NotReadyError('There is no reference to render from.', 'Set a reference photo first.');
    }
    const timesteps = this.#schedule.timesteps(options.steps);
    const features = await this.#encodePose(skeleton);
    try {
      const predict = await this.#predictor(features, options);
      const start = this.#startFrom(reference.latents.shape, timesteps, options);
      let { latents } = start;
      const denoising = {
        ...options,
        latents: [latents],
        timesteps: start.timesteps,
        seeds: [options.seed],
        ...(after && { after }),
      };
      for await (const step of denoisingSteps(this.#networks, this.#schedule, denoising, predict, signal)) {
        [latents = latents] = step.latents;
      }
      if (latents !== this.#lastFrame) this.#lastFrame?.dispose();
      this.#lastFrame = latents;
      return latents;
    } finally {
      features.dispose();
    }
  }

  /**
   * The clean latents of a clip's frames, in order, each as soon as it is known; they become the receiver's. `skeletonOf`
   * draws a frame's pose, once for every window that has it.
   */
  async *denoiseClip(
    frames: number,
    skeletonOf: (frame: number) => Float32Array,
    options: DenoiseOptions,
    signal?: AbortSignal,
    onProgress?: (progress: ClipProgress) => void,
  ): AsyncGenerator<{ readonly frame: number; readonly latents: Tensor }> {
    const { motion } = this.#manifest.configs;
    const [reference] = this.#references;
    if (reference === undefined) {
      throw new NotReadyError('There is no reference to render from.', 'Set a reference photo first.');
    }
    if (motion === undefined || options.interaction === 'mutual') {
      throw new WrongInputError(
        'Frames can only be joined by a model with motion modules, in the causal variant.',
        'Choose the causal variant, or leave motion off.',
      );
    }
    const { referencePose = true } = options;
    const memory = await this.#remember(referencePose && !this.#hasReferenceNet);
    const clip: ClipDenoising = {
      frames,
      firstFrame: options.firstFrame ?? 0,
      shape: reference.latents.shape,
      steps: options.steps,
      seed: options.seed,
      eta: options.eta ?? 0,
      windows: { ...WINDOWS, ...options.windows, size: Math.min(WINDOWS.size, maxFramesOf(motion)) },
      sharesNoise: isTemporalAttention(motion),
    };
    const predict = this.#windowPredictor(skeletonOf, memory, options.guidance);
    const total = onProgress ? windowsToPredict(clip) : 0;
    let done = 0;
    const onWindow = () => onProgress?.({ done: ++done, total });
    yield* denoiseClip(this.#networks, this.#schedule, clip, predict, signal, onWindow);
  }

  #windowPredictor(
    skeletonOf: (frame: number) => Float32Array,
    memory: Memory,
    guidance: number,
  ): PredictWindow {
    const networks = this.#networks;
    return async (frames, samples, timestep) => {
      const poses: Tensor[] = [];
      try {
        for (const frame of frames) poses.push(await this.#encodePose(skeletonOf(frame)));
        const alone = samples.map((sample, i) => ({ sample, pose: poses[i] as Tensor, timestep }));
        const seeing = alone.map((each) => ({ ...each, memory, context: this.#context }));
        const conditional = await networks.evaluateClip(seeing);
        if (guidance === 1) return conditional;
        const unconditional = await networks.evaluateClip(alone);
        return conditional.map((one, i) => guided(networks, one, unconditional[i] as Tensor, guidance));
      } finally {
        for (const pose of poses) pose.dispose();
      }
    };
  }

  /** Forgets the references and the last frame; the networks stay the caller's. */
  dispose(): void {
    this.#forget();
  }

  #forget(): void {
    for (const { latents, features, tokens } of this.#references) {
      for (const tensor of [latents, features, tokens]) tensor?.dispose();
    }
    this.#references = [];
    this.#context?.dispose();
    this.#context = null;
    this.#memory?.memory.dispose();
    this.#memory = undefined;
    this.#lastFrame?.dispose();
    this.#lastFrame = undefined;
  }

  get #hasReferenceNet(): boolean {
    return this.#manifest.configs.referenceNet !== undefined;
  }

  async #encodeTokens(pixels: Float32Array): Promise<Tensor> {
    const { height = 0, width = 0 } = this.#manifest.configs.imageProcessor?.crop_size ?? {};
    const picture = this.#networks.upload(pixels, [1, 3, height, width]);
    try {
      return await this.#networks.encodeTokens(picture);
    } finally {
      picture.dispose();
    }
  }

  #encodePose(skeleton: Float32Array): Promise<Tensor> {
    return this.#encode(skeleton, (picture) => this.#networks.encodePose(picture));
  }

  async #encode(planes: Float32Array, encoder: (picture: Tensor) => Promise<Tensor>): Promise<Tensor> {
    const picture = this.#networks.upload(planes, this.#pictureShape);
    try {
      return await encoder(picture);
    } finally {
      picture.dispose();
    }
  }

  #startFrom(shape: readonly number[], timesteps: readonly number[], options: DenoiseOptions) {
    const strength = options.fromLastFrame?.strength ?? 1;
    const last = options.fromLastFrame && this.#lastFrame;
    const left = last === undefined ? timesteps : timestepsFrom(strength, timesteps);
    const [first] = left;
    // Nothing left to do: at strength 0 the last frame stands.
    if (last !== undefined && first === undefined) return { latents: last, timesteps: left };
    const noise = this.#networks.upload(gaussianNoise(countOf(shape), options.seed), shape);
    if (last === undefined || first === undefined) return { latents: noise, timesteps: left };
    const mixture = this.#schedule.mixture(first);
    const latents = this.#networks.mix(mixture.clean, last, mixture.noise, noise);
    noise.dispose();
    return { latents, timesteps: left };
  }

  /** The network's guided prediction, as a function of the sample alone. */
  async #predictor(pose: Tensor, options: DenoiseOptions): Promise<Predict> {
    const { interaction = 'causal', referencePose = true, guidance } = options;
    const networks = this.#networks;
    const alone = (sample: Tensor, timestep: number): Evaluation => ({ sample, pose, timestep });
    if (interaction === 'mutual') {
      const beside = this.#besideReference(pose, referencePose);
      if (guidance === 1) return eachAlone(beside);
      return eachAlone(async (sample, timestep) =>
        guided(
          networks,
          await beside(sample, timestep),
          await networks.evaluate(alone(sample, timestep)),
          guidance,
        ),
      );
    }
    const memory = await this.#remember(referencePose && !this.#hasReferenceNet);
    const context = this.#context;
    return async (samples, timestep) => {
      const seeing = samples.map((sample) => ({ ...alone(sample, timestep), memory, context }));
      if (guidance === 1) return networks.evaluateAll(seeing);
      // Guidance's two as neighbours, so that they go through the network side by side.
      const both = seeing.flatMap((evaluation) => [evaluation, alone(evaluation.sample, timestep)]);
      const predictions = await networks.evaluateAll(both);
      return samples.map((_, i) =>
        guided(networks, predictions[2 * i] as Tensor, predictions[2 * i + 1] as Tensor, guidance),
      );
    };
  }

  /** The reference pass, once for all frames. */
  async #remember(withPose: boolean): Promise<Memory> {
    if (this.#memory?.withPose === withPose) return this.#memory.memory;
    this.#memory?.memory.dispose();
    this.#memory = undefined;
    const memory = await this.#networks.remember(
      this.#references.map(({ latents, features, tokens }) =>
        referenceEvaluation(latents, withPose ? features : null, tokens),
      ),
    );
    this.#memory = { withPose, memory };
    return memory;
  }

  /** The mutual variant: reference and sample as one picture, of which the right half is the sample's. */
  #besideReference(pose: Tensor, withPose: boolean): (sample: Tensor, timestep: number) => Promise<Tensor> {
    const [reference] = this.#references;
    if (reference === undefined || this.#references.length > 1) {
      throw new WrongInputError(
        'The mutual variant looks at exactly one reference.',
        'Remove the other references, or use the causal variant.',
      );
    }
    const { latents, features } = reference;
    if (features === null) {
      throw new WrongInputError(
        'This model looks at the reference with a network of its own, so it has no mutual variant.',
        'Use the causal variant.',
      );
    }
    const networks = this.#networks;
    const context = this.#context;
    return async (sample, timestep) => {
      const blank = withPose ? undefined : networks.mix(0, features, 0, features);
      const wide = {
        sample: networks.beside(latents, sample),
        pose: networks.beside(blank ?? features, pose),
        context,
      };
      const both = await networks.evaluate({ ...wide, timestep });
      const prediction = networks.rightHalf(both);
      for (const tensor of [wide.sample, wide.pose, both, blank]) tensor?.dispose();
      return prediction;
    };
  }
}

/** The reference pass as SCD defines it: clean latents, at time step 0. */
export function referenceEvaluation(
  latents: Tensor,
  pose: Tensor | null,
  context: Tensor | null = null,
): Omit<Evaluation, 'memory'> {
  return { sample: latents, pose, timestep: 0, context };
}

/** Disposes what it is made of. */
function guided(networks: Networks, conditional: Tensor, unconditional: Tensor, guidance: number): Tensor {
  const result = networks.guide(unconditional, conditional, guidance);
  conditional.dispose();
  unconditional.dispose();
  return result;
}

/** Several photos of one person: what they have in common. */
function mean(networks: Networks, tensors: readonly Tensor[]): Tensor | null {
  const [first, ...others] = tensors;
  if (first === undefined) return null;
  // A tensor of its own in any case, since whoever made the others disposes them.
  let sum = networks.mix(1 / tensors.length, first, 0, first);
  for (const tensor of others) {
    const next = networks.mix(1, sum, 1 / tensors.length, tensor);
    sum.dispose();
    sum = next;
  }
  return sum;
}
