import type { UNetConfig } from '../../onnx/configs.ts';
import type { Pack } from '../../pack/manifest.ts';
import type { StepCoefficients } from '../../scd/ddim.ts';
import { positionInputs } from '../../scd/position.ts';
import { timeEmbedding } from '../../scd/time.ts';
import { applyUpdate } from '../../scd/update.ts';
import type { Evaluation, Memory, Networks, RetouchInputs, Tensor } from '../backend.ts';
import { NotFiniteError, WrongInputError, WrongShapeError } from '../errors.ts';
import { toRgba } from '../planes.ts';
import { runOnce } from './once.ts';
import type { HostTensor, NamedTensors, Session } from './runtime.ts';
import type { Attend, SegmentedUNet } from './unet.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface KeysValues {
  readonly k: HostTensor;
  readonly v: HostTensor;
}

class WasmTensor implements Tensor, HostTensor {
  constructor(
    readonly data: Float32Array<ArrayBuffer>,
    readonly shape: readonly number[],
  ) {}

  /** JavaScript collects it. */
  dispose(): void {}
}

class WasmMemory implements Memory {
  constructor(readonly cuts: readonly KeysValues[]) {}

  dispose(): void {}
}

/** The sessions of a pack's parts; an autoencoder and a retoucher may be missing. */
export interface Sessions {
  readonly unet: SegmentedUNet;
  readonly poseEncoder: Session;
  readonly encoder: Session | undefined;
  readonly decoder: Session | undefined;
  readonly retoucher: Session | undefined;
}

export class WasmNetworks implements Networks {
  readonly #pack: Pack;
  readonly #size: Size;
  readonly #sessions: Sessions;
  readonly #position: NamedTensors;

  constructor(pack: Pack, size: Size, sessions: Sessions) {
    this.#pack = pack;
    this.#size = size;
    this.#sessions = sessions;
    this.#position = positionInputs(pack.manifest.configs.poseEncoder, size);
  }

  upload(values: Float32Array, shape: readonly number[]): WasmTensor {
    const count = shape.reduce((product, dim) => product * dim, 1);
    if (values.length !== count) throw new WrongShapeError('An uploaded tensor', shape, [values.length]);
    return new WasmTensor(Float32Array.from(values), shape);
  }

  async download(tensor: Tensor): Promise<Float32Array> {
    return host(tensor).data.slice();
  }

  async encodePose(skeleton: Tensor): Promise<Tensor> {
    const inputs = { ...this.#position, skeleton: this.#picture(skeleton) };
    return only(await this.#sessions.poseEncoder.run(inputs), 'features');
  }

  async encodeImage(image: Tensor): Promise<Tensor> {
    return only(
      await needed(this.#sessions.encoder, 'an autoencoder').run({ image: this.#picture(image) }),
      'latents',
    );
  }

  async encodeTokens(pixels: Tensor): Promise<Tensor> {
    const { imageEncoder = [] } = this.#pack.manifest;
    const [values = {}] = await runOnce(
      this.#pack,
      imageEncoder,
      [{ pixels: host(pixels) }],
      async (_part, _pass, made) => made,
    );
    return only(values, 'tokens');
  }

  async decode(latents: Tensor): Promise<Tensor> {
    return only(
      await needed(this.#sessions.decoder, 'an autoencoder').run({ latents: host(latents) }),
      'image',
    );
  }

  async retouch(pictures: RetouchInputs): Promise<Tensor> {
    const retoucher = needed(this.#sessions.retoucher, 'a retoucher');
    return only(await retoucher.run(pictures as Record<keyof RetouchInputs, WasmTensor>), 'image');
  }

  async toPixels(image: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const rgba = toRgba(this.#picture(image).data);
    if (rgba === undefined) throw new NotFiniteError('f32');
    return rgba;
  }

  async toImage(image: Tensor): Promise<ImageBitmap> {
    const { width, height } = this.#size;
    return createImageBitmap(new ImageData(await this.toPixels(image), width, height));
  }

  async evaluate(evaluation: Evaluation): Promise<Tensor> {
    const { unet } = this.#sessions;
    const memory = evaluation.memory as WasmMemory | undefined;
    return wrap(
      await unet.run(this.#inputs(evaluation), (cut, { q, k, v }) => {
        const kept = memory?.cuts[cut];
        if (kept === undefined) return unet.attend(cut, { q, k, v });
        return unet.attend(cut, { q, k: joinTokens([kept.k, k]), v: joinTokens([kept.v, v]) });
      }),
    );
  }

  async remember(references: readonly Omit<Evaluation, 'memory'>[]): Promise<Memory> {
    const { referenceNet } = this.#pack.manifest.configs;
    const passes = referenceNet
      ? await this.#passReferenceNet(referenceNet, references)
      : await this.#passUNet(references);
    const [first = []] = passes;
    return new WasmMemory(
      first.map((_, cut) => ({
        k: joinTokens(passes.flatMap((pass) => pass[cut]?.k ?? [])),
        v: joinTokens(passes.flatMap((pass) => pass[cut]?.v ?? [])),
      })),
    );
  }

  async #passUNet(references: readonly Omit<Evaluation, 'memory'>[]): Promise<KeysValues[][]> {
    const { unet } = this.#sessions;
    const passes: KeysValues[][] = [];
    for (const reference of references) {
      const pass: KeysValues[] = [];
      const keep: Attend = (cut, tokens) => {
        pass[cut] = { k: tokens.k, v: tokens.v };
        return unet.attend(cut, tokens);
      };
      await unet.run(this.#inputs(reference), keep);
      passes.push(pass);
    }
    return passes;
  }

  async #passReferenceNet(
    config: UNetConfig,
    references: readonly Omit<Evaluation, 'memory'>[],
  ): Promise<KeysValues[][]> {
    const { referenceNet: parts = [] } = this.#pack.manifest;
    const passes = references.map((): KeysValues[] => []);
    const inputs = references.map((reference) => this.#inputs(reference, config));
    await runOnce(this.#pack, parts, inputs, async (cut, pass, made) => {
      const { [`q.${cut}`]: q, [`k.${cut}`]: k, [`v.${cut}`]: v, ...others } = made;
      passes[pass]?.push({ k: only(made, `kept.k.${cut}`), v: only(made, `kept.v.${cut}`) });
      // Nothing comes after its last attention.
      if (q === undefined || k === undefined || v === undefined) return others;
      return { ...others, [`attention.${cut}`]: await this.#sessions.unet.attend(cut, { q, k, v }) };
    });
    return passes;
  }

  step(sample: Tensor, prediction: Tensor, coefficients: StepCoefficients, noise?: Tensor): Tensor {
    const values = applyUpdate(
      coefficients,
      host(sample).data,
      host(prediction).data,
      noise && host(noise).data,
    );
    return new WasmTensor(values, sample.shape);
  }

  guide(unconditional: Tensor, conditional: Tensor, scale: number): Tensor {
    return this.mix(1 - scale, unconditional, scale, conditional);
  }

  mix(a: number, x: Tensor, b: number, y: Tensor): Tensor {
    const others = host(y).data;
    return new WasmTensor(
      host(x).data.map((value, i) => a * value + b * (others[i] as number)),
      x.shape,
    );
  }

  beside(left: Tensor, right: Tensor): Tensor {
    const [batch = 1, channels = 1, height = 1, leftWidth = 1] = left.shape;
    const rightWidth = right.shape[3] ?? 1;
    const width = leftWidth + rightWidth;
    const data = new Float32Array(batch * channels * height * width);
    for (let row = 0; row < batch * channels * height; row++) {
      data.set(host(left).data.subarray(row * leftWidth, (row + 1) * leftWidth), row * width);
      data.set(host(right).data.subarray(row * rightWidth, (row + 1) * rightWidth), row * width + leftWidth);
    }
    return new WasmTensor(data, [batch, channels, height, width]);
  }

  rightHalf(tensor: Tensor): Tensor {
    const [batch = 1, channels = 1, height = 1, width = 2] = tensor.shape;
    const half = width / 2;
    const data = new Float32Array(batch * channels * height * half);
    for (let row = 0; row < batch * channels * height; row++) {
      data.set(host(tensor).data.subarray(row * width + half, (row + 1) * width), row * half);
    }
    return new WasmTensor(data, [batch, channels, height, half]);
  }

  dispose(): void {
    for (const part of Object.values(this.#sessions)) part?.dispose();
  }

  #inputs(
    { sample, pose, timestep, context }: Omit<Evaluation, 'memory'>,
    unet: UNetConfig = this.#pack.manifest.configs.unet,
  ): NamedTensors {
    const inputs = [host(sample), pose && host(pose), [timestep], context && host(context)] as const;
    return unetInputs({ configs: { unet } }, ...inputs);
  }

  #picture(tensor: Tensor): HostTensor {
    const shape = [1, 3, this.#size.height, this.#size.width];
    if (tensor.shape.join() !== shape.join()) throw new WrongShapeError('An image', shape, tensor.shape);
    return host(tensor);
  }
}

/** The U-Net's inputs, with zeros for the pose and the context that an evaluation leaves out. */
export function unetInputs(
  { configs: { unet } }: { readonly configs: { readonly unet: UNetConfig } },
  sample: HostTensor,
  pose: HostTensor | null,
  timesteps: readonly number[],
  context?: HostTensor | null,
): NamedTensors {
  const [batch = 0, channels, height = 0, width = 0] = sample.shape;
  const [first = 0] = unet.block_out_channels;
  if (channels !== unet.in_channels) {
    throw new WrongShapeError('The sample', ['batch', unet.in_channels, 'height', 'width'], sample.shape);
  }
  const poseShape = [batch, first, height, width];
  if (pose && pose.shape.join() !== poseShape.join()) {
    throw new WrongShapeError('The pose features', poseShape, pose.shape);
  }
  const time = new Float32Array(timesteps.length * first);
  timesteps.forEach((timestep, i) => void time.set(timeEmbedding(timestep, first, unet), i * first));
  const contextWidth = unet.cross_attention_dim;
  return {
    sample,
    pose: pose ?? zeros(poseShape),
    time: { data: time, shape: [timesteps.length, first] },
    ...(contextWidth !== null && { context: context ?? zeros([batch, 1, contextWidth]) }),
  };
}

function needed(part: Session | undefined, what: string): Session {
  if (part !== undefined) return part;
  throw new WrongInputError(`This model came without ${what}.`, `Export it again with ${what} beside it.`);
}

/** Tokens one after another: [1, n, width] and [1, m, width] to [1, n + m, width]. */
function joinTokens(parts: readonly HostTensor[]): HostTensor {
  const tokens = parts.reduce((sum, { shape }) => sum + (shape[1] ?? 0), 0);
  const width = parts[0]?.shape[2] ?? 0;
  const data = new Float32Array(tokens * width);
  let end = 0;
  for (const part of parts) {
    data.set(part.data, end);
    end += part.data.length;
  }
  return { data, shape: [1, tokens, width] };
}

function zeros(shape: readonly number[]): HostTensor {
  return { data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)), shape };
}

function host(tensor: Tensor): WasmTensor {
  return tensor as WasmTensor;
}

function wrap({ data, shape }: HostTensor): WasmTensor {
  return new WasmTensor(data, shape);
}

function only(results: NamedTensors, name: string): WasmTensor {
  const result = results[name];
  if (result === undefined) throw new WrongShapeError(`The output ${name}`, ['...'], []);
  return wrap(result);
}
