import type { UNetConfig } from '../onnx/configs.ts';
import { contextTokens } from '../onnx/image-encoder.ts';
import type { Pack, PartFiles } from '../pack/manifest.ts';
import type { StepCoefficients } from '../scd/ddim.ts';
import { positionInputs } from '../scd/position.ts';
import { timeEmbedding } from '../scd/time.ts';
import type { Evaluation, Memory, Networks, RetouchInputs, Tensor } from './backend.ts';
import { countOf, type Device } from './device.ts';
import { WrongInputError, WrongShapeError } from './errors.ts';
import {
  type Inputs,
  Kept,
  type OnMove,
  Program,
  type ProgramSettings,
  type Step,
  segmentSteps,
  visit,
} from './executor.ts';
import type { Size } from './fit.ts';
import { Motion, motionModules } from './motion.ts';

/** Evaluations that go through the U-Net side by side: guidance's two. */
const MOST_MEMBERS = 2;
/** A batch of another length is a second set of sessions, with weights of their own: a large U-Net has but one. */
const MOST_BYTES_TWICE = 512e6;

/** Networks of one graph, by their output; `title` is for people. */
const STAGES = {
  poseEncoder: { output: 'features', title: 'a pose encoder' },
  encoder: { output: 'latents', title: 'an autoencoder' },
  decoder: { output: 'image', title: 'an autoencoder' },
  retoucher: { output: 'image', title: 'a retoucher' },
} as const;
type StageName = keyof typeof STAGES;

/** A pack's networks on any device, ready for pictures of one size. */
export class PackNetworks implements Networks {
  readonly #device: Device;
  readonly #pack: Pack;
  readonly #size: Size;
  readonly #contextTokens: number;
  readonly #stages = new Map<StageName, Program>();
  /** By the shape of their sample and context: the mutual variant's is twice as wide. */
  readonly #unets = new Map<string, Promise<Program>>();
  /** Of windows of one length: one shorter clip, and one longer, and so on is rare. */
  #motion: { readonly frames: number; readonly modules: Motion } | undefined;

  private constructor(device: Device, pack: Pack, size: Size) {
    this.#device = device;
    this.#pack = pack;
    this.#size = size;
    this.#contextTokens = contextTokens(pack.manifest);
  }

  static async create(device: Device, pack: Pack, size: Size, signal?: AbortSignal): Promise<PackNetworks> {
    const networks = new PackNetworks(device, pack, size);
    try {
      await networks.#open(signal);
      await device.settle('the device took in the model');
      return networks;
    } catch (error) {
      networks.dispose();
      throw error;
    }
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    const { manifest } = this.#pack;
    const { poseEncoder, referenceNet } = manifest.configs;
    const shrink = 2 ** (poseEncoder.block_out_channels.length - 1);
    // What frames will need first; a reference pass of its own needs one by one.
    const members = referenceNet && manifest.defaults.guidance !== 1 ? this.#mostMembers : 1;
    const { width, height } = this.#size;
    await this.#unetFor([members, height / shrink, width / shrink, this.#contextTokens], signal);
    for (const name of Object.keys(STAGES) as StageName[]) {
      const files = manifest[name];
      if (files === undefined) continue;
      const settings: ProgramSettings = {
        sizes: pictureSizes(1, height, width),
        constants: name === 'poseEncoder' ? positionInputs(poseEncoder, this.#size) : {},
        signal,
      };
      this.#stages.set(
        name,
        await Program.create(this.#device, this.#pack, [{ kind: 'graph', files }], settings),
      );
    }
  }

  upload(values: Float32Array, shape: readonly number[]): Tensor {
    if (values.length !== countOf(shape)) {
      throw new WrongShapeError('An uploaded tensor', shape, [values.length]);
    }
    return this.#device.upload(values, shape);
  }

  download(tensor: Tensor): Promise<Float32Array> {
    return this.#device.download(tensor);
  }

  encodePose(skeleton: Tensor): Promise<Tensor> {
    return this.#stage('poseEncoder', { skeleton: [skeleton] });
  }

  encodeImage(image: Tensor): Promise<Tensor> {
    return this.#stage('encoder', { image: [image] });
  }

  async encodeTokens(pixels: Tensor): Promise<Tensor> {
    const { imageEncoder = [] } = this.#pack.manifest;
    const settings = { sizes: pictureSizes(1, 0, 0), outputs: ['tokens'] };
    const [made] = await this.#visit(graphSteps(imageEncoder), [{ pixels: [pixels] }], settings);
    await this.#device.settle('the image encoder looked at the photo');
    return made?.tokens as Tensor;
  }

  decode(latents: Tensor): Promise<Tensor> {
    return this.#stage('decoder', { latents: [latents] });
  }

  retouch(pictures: RetouchInputs): Promise<Tensor> {
    return this.#stage(
      'retoucher',
      Object.fromEntries(Object.entries(pictures).map(([name, picture]) => [name, [picture]])),
    );
  }

  toPixels(image: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const shape = [1, 3, this.#size.height, this.#size.width];
    if (image.shape.join() !== shape.join()) throw new WrongShapeError('An image', shape, image.shape);
    return this.#device.pixels(image);
  }

  async toImage(image: Tensor): Promise<ImageBitmap> {
    const { width, height } = this.#size;
    return createImageBitmap(new ImageData(await this.toPixels(image), width, height));
  }

  async evaluate(evaluation: Evaluation): Promise<Tensor> {
    const [prediction] = await this.evaluateAll([evaluation]);
    return prediction as Tensor;
  }

  async evaluateAll(evaluations: readonly Evaluation[]): Promise<Tensor[]> {
    const predictions: Tensor[] = [];
    const members = this.#mostMembers;
    try {
      for (let at = 0; at < evaluations.length; at += members) {
        const together = evaluations.slice(at, at + members);
        const unet = await this.#unetOf(together);
        const memories = together.map(({ memory }) => memory as Kept | undefined);
        predictions.push(...(await unet.run(this.#inputs(together), 'prediction', { memories })));
      }
      return predictions;
    } catch (error) {
      for (const prediction of predictions) prediction.dispose();
      throw error;
    }
  }

  async evaluateClip(evaluations: readonly Evaluation[]): Promise<Tensor[]> {
    const [first] = evaluations;
    if (first === undefined) return [];
    const [, , height = 0, width = 0] = first.sample.shape;
    const tokens = first.context?.shape[1] ?? this.#contextTokens;
    const unet = await this.#unetFor([1, height, width, tokens]);
    const motion = this.#motionFor(evaluations.length);
    const frames = evaluations.map((evaluation) => this.#inputs([evaluation]));
    const move: OnMove = (module, values) => motion.move(module, values);
    return unet.runClip(frames, 'prediction', move, first.memory as Kept | undefined);
  }

  async remember(references: readonly Omit<Evaluation, 'memory'>[]): Promise<Memory> {
    const [first] = references;
    if (first === undefined) throw new WrongInputError('There is no reference.', 'Give at least one.');
    const kept = new Kept(this.#device, references.length);
    const { referenceNet } = this.#pack.manifest.configs;
    try {
      if (referenceNet) await this.#passReferenceNet(kept, referenceNet, references);
      else await this.#passUNet(kept, references);
      await this.#device.settle('the model looked at the photo');
      return kept;
    } catch (error) {
      kept.dispose();
      throw error;
    }
  }

  /** Each reference attends to itself; what it attends with is kept. */
  async #passUNet(kept: Kept, references: readonly Omit<Evaluation, 'memory'>[]): Promise<void> {
    const attentions = this.#pack.manifest.unet.map(({ attention }) => attention !== undefined);
    for (const [index, reference] of references.entries()) {
      const unet = await this.#unetOf([reference]);
      const [prediction] = await unet.run(this.#inputs([reference]), 'prediction', {
        onGraph: (graph, values) => {
          if (!attentions[graph]) return;
          keepTokens(kept, attentions.slice(0, graph).filter(Boolean).length, values, '', index);
        },
      });
      prediction?.dispose();
    }
  }

  /** The same by a network of its own, whose weights are let go part by part. */
  async #passReferenceNet(
    kept: Kept,
    config: UNetConfig,
    references: readonly Omit<Evaluation, 'memory'>[],
  ): Promise<void> {
    const { referenceNet = [], unet } = this.#pack.manifest;
    const [, , height = 0, width = 0] = references[0]?.sample.shape ?? [];
    const passes = references.map((reference) => this.#inputs([reference], config));
    await this.#visit(segmentSteps(referenceNet, unet), passes, {
      sizes: pictureSizes(1, height, width, this.#contextTokens),
      onGraph: (cut, values, pass) => keepTokens(kept, cut, values, 'kept.', pass),
    });
  }

  step(sample: Tensor, prediction: Tensor, by: StepCoefficients, noise?: Tensor): Tensor {
    const { x0Sample, x0Prediction, x0Divisor, eSample, ePrediction, eDivisor, a, b, c, clip } = by;
    return this.#device.compute('update', [sample, prediction, noise ?? sample], sample.shape, [
      ...[x0Sample, x0Prediction, x0Divisor, eSample, ePrediction, eDivisor],
      ...[a, b, c, clip],
    ]);
  }

  guide(unconditional: Tensor, conditional: Tensor, scale: number): Tensor {
    return this.mix(1 - scale, unconditional, scale, conditional);
  }

  mix(a: number, x: Tensor, b: number, y: Tensor): Tensor {
    return this.#device.compute('mix', [x, y], x.shape, [a, b]);
  }

  blend(mask: Tensor, x: Tensor, y: Tensor): Tensor {
    return this.#device.compute('blend', [mask, x, y], x.shape, []);
  }

  warp(picture: Tensor, flow: Tensor): Tensor {
    const shape = [...picture.shape.slice(0, 2), ...flow.shape.slice(2)];
    return this.#device.compute('warp', [picture, flow], shape, [
      ...picture.shape.slice(2),
      ...shape.slice(2),
    ]);
  }

  beside(left: Tensor, right: Tensor): Tensor {
    return this.#columns(left, right, 0, widthOf(left) + widthOf(right));
  }

  rightHalf(tensor: Tensor): Tensor {
    const half = widthOf(tensor) / 2;
    return this.#columns(tensor, tensor, half, half);
  }

  done(): Promise<void> {
    return this.#device.done();
  }

  dispose(): void {
    for (const stage of this.#stages.values()) stage.dispose();
    this.#stages.clear();
    const unets = [...this.#unets.values()].map((unet) => unet.then((made) => made.dispose()));
    this.#unets.clear();
    this.#motion?.modules.dispose();
    this.#motion = undefined;
    // Another size of picture has other sizes of buffers.
    void Promise.allSettled(unets).then(() => this.#device.trim());
  }

  #columns(left: Tensor, right: Tensor, first: number, count: number): Tensor {
    const parameters = [count, first, widthOf(left), widthOf(right)];
    return this.#device.compute('columns', [left, right], [...left.shape.slice(0, -1), count], parameters);
  }

  async #stage(name: StageName, inputs: Inputs): Promise<Tensor> {
    const { output, title } = STAGES[name];
    const stage = this.#stages.get(name);
    if (stage === undefined) {
      throw new WrongInputError(
        `This model came without ${title}.`,
        `Export it again with ${title} beside it.`,
      );
    }
    const [result] = await stage.run(inputs, output);
    return result as Tensor;
  }

  #visit(steps: readonly Step[], passes: readonly Inputs[], settings: Parameters<typeof visit>[4]) {
    return visit(this.#device, this.#pack, steps, passes, settings);
  }

  /** How many evaluations may go through the U-Net at a time. */
  get #mostMembers(): number {
    const { unet, files } = this.#pack.manifest;
    const bytes = unet.reduce((sum, { weights }) => sum + (files[weights]?.bytes ?? 0), 0);
    return bytes <= MOST_BYTES_TWICE ? MOST_MEMBERS : 1;
  }

  #unetOf(evaluations: readonly Omit<Evaluation, 'memory'>[]): Promise<Program> {
    const [, , height = 0, width = 0] = evaluations[0]?.sample.shape ?? [];
    const tokens = evaluations.find(({ context }) => context)?.context?.shape[1] ?? this.#contextTokens;
    return this.#unetFor([evaluations.length, height, width, tokens]);
  }

  /** Sizes are fixed when a graph is compiled: others are another program. */
  #unetFor(size: Parameters<typeof pictureSizes>, signal?: AbortSignal): Promise<Program> {
    const kind = size.join();
    let unet = this.#unets.get(kind);
    if (unet === undefined) {
      const { unet: segments, configs } = this.#pack.manifest;
      expectEven(configs.unet, size);
      const settings = { sizes: pictureSizes(...size), signal };
      const steps = segmentSteps(segments, segments, motionModules(this.#pack.manifest));
      unet = Program.create(this.#device, this.#pack, steps, settings);
      this.#unets.set(kind, unet);
      unet.catch(() => this.#unets.delete(kind));
    }
    return unet;
  }

  #motionFor(frames: number): Motion {
    if (this.#motion?.frames !== frames) {
      this.#motion?.modules.dispose();
      this.#motion = { frames, modules: new Motion(this.#device, this.#pack, frames) };
    }
    return this.#motion.modules;
  }

  #inputs(
    evaluations: readonly Omit<Evaluation, 'memory'>[],
    unet: UNetConfig = this.#pack.manifest.configs.unet,
  ): Inputs {
    const width = unet.block_out_channels[0] ?? 0;
    const time = new Float32Array(width * evaluations.length);
    for (const [i, { timestep }] of evaluations.entries()) {
      time.set(timeEmbedding(timestep, width, unet), i * width);
    }
    return {
      sample: evaluations.map(({ sample }) => sample),
      pose: evaluations.map(({ pose }) => pose),
      // No tokens and tokens of zeros are the same: their value is zero, and so is what attention makes of it.
      context: evaluations.map(({ context }) => context ?? null),
      time,
    };
  }
}

/**
 * Sizes behind the graphs' symbolic dimensions: `height` is that of the graph's own picture, `height_2` that of the
 * level below it, `tokens_2` the number of its pixels.
 */
export function pictureSizes(
  batch: number,
  height: number,
  width: number,
  contextTokens = 1,
): (dimension: string) => number {
  return (dimension) => {
    if (dimension === 'context_tokens') return contextTokens;
    const [kind, shrunk = '1'] = dimension.split('_');
    const at = (size: number) => Math.ceil(size / Number(shrunk));
    if (kind === 'batch') return batch;
    if (kind === 'height') return at(height);
    if (kind === 'width') return at(width);
    if (kind === 'tokens') return at(height) * at(width);
    throw new Error(`A graph has a dimension ${dimension} that the engine does not know.`);
  };
}

/** Without padding on all sides a U-Net halves an odd size to less than its graphs say. */
function expectEven(unet: UNetConfig, [, height, width]: Parameters<typeof pictureSizes>): void {
  const smallest = 2 ** (unet.block_out_channels.length - 1);
  if (unet.downsample_padding !== 0 || (height % smallest === 0 && width % smallest === 0)) return;
  throw new WrongInputError(
    `This model halves its pictures ${unet.block_out_channels.length - 1} times, and cannot halve ${width} x ${height} cells evenly.`,
    'Ask for a picture whose sides are multiples of 256.',
  );
}

const graphSteps = (parts: readonly PartFiles[]): Step[] => parts.map((files) => ({ kind: 'graph', files }));

function keepTokens(
  kept: Kept,
  cut: number,
  values: Parameters<NonNullable<Parameters<typeof visit>[4]['onGraph']>>[1],
  prefix: '' | 'kept.',
  reference: number,
): void {
  const [key, value] = [values.get(`${prefix}k.${cut}`), values.get(`${prefix}v.${cut}`)];
  if (key && value) kept.keep(cut, key, value, reference);
}

const widthOf = (tensor: Tensor): number => tensor.shape.at(-1) ?? 1;
