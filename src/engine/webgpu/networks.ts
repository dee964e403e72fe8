import type { UNetConfig } from '../../onnx/configs.ts';
import { contextTokens } from '../../onnx/image-encoder.ts';
import type { Pack } from '../../pack/manifest.ts';
import type { StepCoefficients } from '../../scd/ddim.ts';
import { positionInputs } from '../../scd/position.ts';
import { timeEmbedding } from '../../scd/time.ts';
import type { Evaluation, Memory, Networks, RetouchInputs, Tensor } from '../backend.ts';
import { NetworkError, NotFiniteError, WrongInputError, WrongShapeError } from '../errors.ts';
import type { WebGpuContext } from './context.ts';
import { copyOf, runOnce } from './once.ts';
import { rememberByReferenceNet } from './reference-net.ts';
import { pictureDimensions, Stage } from './stage.ts';
import { countOf, type GpuTensor } from './tensors.ts';
import { type GpuMemory, SegmentedUNet, type UNetInputs } from './unet.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A pack's networks on a WebGPU device, compiled for pictures of one size. */
export class WebGpuNetworks implements Networks {
  readonly #context: WebGpuContext;
  readonly #pack: Pack;
  readonly #size: Size;
  readonly #contextTokens: number;
  /** By the shape of their sample and context: the mutual variant's is twice as wide. */
  readonly #unets = new Map<string, Promise<SegmentedUNet>>();
  readonly #stages: { poseEncoder?: Stage; encoder?: Stage; decoder?: Stage; retoucher?: Stage } = {};

  private constructor(context: WebGpuContext, pack: Pack, size: Size) {
    this.#context = context;
    this.#pack = pack;
    this.#size = size;
    this.#contextTokens = contextTokens(pack.manifest);
  }

  static async create(
    context: WebGpuContext,
    pack: Pack,
    size: Size,
    signal?: AbortSignal,
  ): Promise<WebGpuNetworks> {
    const networks = new WebGpuNetworks(context, pack, size);
    const { manifest } = pack;
    const stages = networks.#stages;
    try {
      const shrink = 2 ** (manifest.configs.poseEncoder.block_out_channels.length - 1);
      await networks.#unetFor(size.height / shrink, size.width / shrink, networks.#contextTokens, signal);
      const position = positionInputs(manifest.configs.poseEncoder, size);
      stages.poseEncoder = await Stage.create(context, pack, manifest.poseEncoder, size, signal, position);
      if (manifest.encoder)
        stages.encoder = await Stage.create(context, pack, manifest.encoder, size, signal);
      if (manifest.decoder)
        stages.decoder = await Stage.create(context, pack, manifest.decoder, size, signal);
      if (manifest.retoucher)
        stages.retoucher = await Stage.create(context, pack, manifest.retoucher, size, signal);
      return networks;
    } catch (error) {
      networks.dispose();
      throw error;
    }
  }

  upload(values: Float32Array, shape: readonly number[]): GpuTensor {
    return this.#context.tensors.upload(values, shape);
  }

  async download(tensor: Tensor): Promise<Float32Array> {
    const { buffer, shape } = ours(tensor);
    const bytes = await this.#context.tensors.download(buffer);
    this.#context.expectMemory('the graphics device computed');
    return new Float32Array(bytes).subarray(0, countOf(shape));
  }

  encodePose(skeleton: Tensor): Promise<Tensor> {
    return needed(this.#stages.poseEncoder, 'a pose encoder').run({ skeleton: ours(skeleton) });
  }

  encodeImage(image: Tensor): Promise<Tensor> {
    return needed(this.#stages.encoder, 'an autoencoder').run({ image: ours(image) });
  }

  async encodeTokens(pixels: Tensor): Promise<Tensor> {
    const { gpu, tensors } = this.#context;
    const { imageEncoder = [] } = this.#pack.manifest;
    const pass = new Map([['pixels', tensors.place(pixels.shape)]]);
    try {
      const before = gpu.createCommandEncoder();
      for (const place of pass.values()) tensors.toNetwork(before, 'The picture', ours(pixels), place);
      gpu.queue.submit([before.finish()]);
      await runOnce(
        this.#context,
        this.#pack,
        imageEncoder,
        [pass],
        pictureDimensions(0, 0),
        (encoder, made) => [...made].map(([name, place]) => [name, copyOf(tensors, encoder, place)] as const),
      );
      const tokens = pass.get('tokens');
      if (tokens === undefined) throw new NetworkError('looking for tokens, which no part makes');
      const after = gpu.createCommandEncoder();
      const result = tensors.fromNetwork(after, tokens);
      gpu.queue.submit([after.finish()]);
      await gpu.queue.onSubmittedWorkDone();
      this.#context.expectMemory('the image encoder looked at the photo');
      return result;
    } finally {
      for (const place of pass.values()) tensors.release(place);
    }
  }

  decode(latents: Tensor): Promise<Tensor> {
    return needed(this.#stages.decoder, 'an autoencoder').run({ latents: ours(latents) });
  }

  async retouch(pictures: RetouchInputs): Promise<Tensor> {
    const retoucher = needed(this.#stages.retoucher, 'a retoucher');
    return retoucher.run(pictures as Record<keyof RetouchInputs, GpuTensor>);
  }

  async toPixels(image: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const { tensors, kernels, gpu } = this.#context;
    const { width, height } = this.#size;
    const shape = [1, 3, height, width];
    if (image.shape.join() !== shape.join()) throw new WrongShapeError('An image', shape, image.shape);
    const count = width * height;
    // A word a pixel, and one that says whether all values were numbers.
    const words = tensors.make([count + 1]);
    const encoder = gpu.createCommandEncoder();
    encoder.clearBuffer(words.buffer, 4 * count, 4);
    kernels.pixels.encode(encoder, count, [ours(image).buffer, words.buffer]);
    gpu.queue.submit([encoder.finish()]);
    try {
      const bytes = await tensors.download(words.buffer);
      this.#context.expectMemory('the graphics device made a picture');
      if (new Uint32Array(bytes)[count] !== 0) throw new NotFiniteError(tensors.element);
      return new Uint8ClampedArray(bytes, 0, 4 * count);
    } finally {
      words.dispose();
    }
  }

  async toImage(image: Tensor): Promise<ImageBitmap> {
    const { width, height } = this.#size;
    return createImageBitmap(new ImageData(await this.toPixels(image), width, height));
  }

  async evaluate(evaluation: Evaluation): Promise<Tensor> {
    const unet = await this.#unetOf(evaluation);
    return unet.run(this.#inputs(evaluation), evaluation.memory as GpuMemory | undefined);
  }

  async remember(references: readonly Omit<Evaluation, 'memory'>[]): Promise<Memory> {
    const [first] = references;
    if (first === undefined) throw new WrongInputError('There is no reference.', 'Give at least one.');
    const { referenceNet } = this.#pack.manifest.configs;
    if (referenceNet) {
      const [, , height = 0, width = 0] = first.sample.shape;
      const size = { height, width, contextTokens: this.#contextTokens };
      const inputs = references.map((reference) => this.#inputs(reference, referenceNet));
      return rememberByReferenceNet(this.#context, this.#pack, size, inputs);
    }
    const unet = await this.#unetOf(first);
    return unet.remember(references.map((reference) => this.#inputs(reference)));
  }

  step(sample: Tensor, prediction: Tensor, by: StepCoefficients, noise?: Tensor): Tensor {
    const next = this.#context.tensors.make(sample.shape);
    const coefficients = Float32Array.of(
      ...[by.x0Sample, by.x0Prediction, by.x0Divisor, by.eSample, by.ePrediction, by.eDivisor],
      ...[by.a, by.b, by.c],
      // WGSL knows no infinity.
      Math.min(by.clip, 1e30),
    );
    const [from, predicted, random] = [sample, prediction, noise ?? sample].map(
      (tensor) => ours(tensor).buffer,
    );
    this.#context.kernels.update.run(
      countOf(sample.shape),
      [from, predicted, random, next.buffer] as GPUBuffer[],
      coefficients,
    );
    return next;
  }

  guide(unconditional: Tensor, conditional: Tensor, scale: number): Tensor {
    return this.mix(1 - scale, unconditional, scale, conditional);
  }

  mix(a: number, x: Tensor, b: number, y: Tensor): Tensor {
    const result = this.#context.tensors.make(x.shape);
    const buffers = [ours(x).buffer, ours(y).buffer, result.buffer];
    this.#context.kernels.mix.run(countOf(x.shape), buffers, Float32Array.of(a, b));
    return result;
  }

  beside(left: Tensor, right: Tensor): Tensor {
    const { tensors } = this.#context;
    const width = widthOf(left) + widthOf(right);
    const result = tensors.make([...left.shape.slice(0, -1), width]);
    this.#copyColumns(ours(left), 0, result, 0, widthOf(left));
    this.#copyColumns(ours(right), 0, result, widthOf(left), widthOf(right));
    return result;
  }

  rightHalf(tensor: Tensor): Tensor {
    const half = widthOf(tensor) / 2;
    const result = this.#context.tensors.make([...tensor.shape.slice(0, -1), half]);
    this.#copyColumns(ours(tensor), half, result, 0, half);
    return result;
  }

  dispose(): void {
    for (const stage of Object.values(this.#stages)) stage.dispose();
    for (const unet of this.#unets.values()) {
      unet.then(
        (made) => made.dispose(),
        () => undefined,
      );
    }
    this.#unets.clear();
  }

  #copyColumns(from: GpuTensor, fromFirst: number, to: GpuTensor, toFirst: number, count: number): void {
    const rows = countOf(from.shape.slice(0, -1));
    this.#context.kernels.columns.run(
      rows * count,
      [from.buffer, to.buffer],
      Uint32Array.of(rows, count, widthOf(from), fromFirst, widthOf(to), toFirst),
    );
  }

  #unetOf({ sample, context }: Omit<Evaluation, 'memory'>): Promise<SegmentedUNet> {
    const [, , height = 0, width = 0] = sample.shape;
    return this.#unetFor(height, width, context?.shape[1] ?? this.#contextTokens);
  }

  /** Compiled shapes are fixed: another size of sample or another number of tokens is another set of sessions. */
  #unetFor(
    height: number,
    width: number,
    contextTokens: number,
    signal?: AbortSignal,
  ): Promise<SegmentedUNet> {
    const kind = [height, width, contextTokens].join();
    let unet = this.#unets.get(kind);
    if (unet === undefined) {
      unet = SegmentedUNet.create(this.#context, this.#pack, { height, width, contextTokens }, signal);
      this.#unets.set(kind, unet);
      unet.catch(() => this.#unets.delete(kind));
    }
    return unet;
  }

  #inputs(
    { sample, pose, timestep, context }: Omit<Evaluation, 'memory'>,
    unet: UNetConfig = this.#pack.manifest.configs.unet,
  ): UNetInputs {
    return {
      sample: ours(sample),
      pose: pose && ours(pose),
      // No tokens and one token of zeros are the same: its value is zero, and so is what attention makes of it.
      context: context ? ours(context) : null,
      time: timeEmbedding(timestep, unet.block_out_channels[0] ?? 0, unet),
    };
  }
}

const widthOf = (tensor: Tensor): number => tensor.shape.at(-1) ?? 1;

const ours = (tensor: Tensor): GpuTensor => tensor as GpuTensor;

function needed(stage: Stage | undefined, what: string): Stage {
  if (stage !== undefined) return stage;
  throw new WrongInputError(`This model came without ${what}.`, `Export it again with ${what} beside it.`);
}
