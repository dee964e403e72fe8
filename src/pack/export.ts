import type { ImageEncoderConfig, UNetConfig } from '../onnx/configs.ts';
import {
  TensorMissingError,
  TensorShapeError,
  TensorTypeError,
  TensorUnexpectedError,
} from '../onnx/errors.ts';
import { IMAGE_TOKENS, type ImageTokens, imageTokensOfWidth } from '../onnx/image-encoder.ts';
import { layOutPart, precisionOf, type Storage, storeTensor } from '../onnx/part.ts';
import { encodeText } from '../onnx/text.ts';
import type { SegmentPlan, WeightSpec } from '../onnx/trace.ts';
import { DENOISER_PREFIX } from '../onnx/unet.ts';
import { type Checkpoint, isWeight, PLACES, readJson } from './checkpoint.ts';
import { ConfigFileError, NetworksMismatchError } from './errors.ts';
import type { Folder, PackWriter } from './folder.ts';
import { PACK_FORMAT, PACK_VERSION, type PackManifest, type PartFiles } from './manifest.ts';
import { openNetworks } from './networks.ts';
import { planNetworks } from './networks-fit.ts';
import type { TensorInfo } from './tensor-file.ts';

export interface ExportOptions {
  /** int8: large weights in 8 bits, where they are many, and the rest in f16. */
  readonly precision: Storage;
  /** The file in the folder that holds the weights, where they do not lie apart by network. */
  readonly file?: string | undefined;
  /** Called for everything that was left out or assumed, before the first file is written. */
  readonly onNote?: (note: string) => void;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

type FileEntry = PackManifest['files'][string];

/** What stands in pirouette.json, beside the weights, and no config of diffusers' says. */
interface About {
  readonly name?: string;
  readonly licence?: string;
  readonly provenance?: string;
  readonly skeleton?: PackManifest['skeleton'];
  /** Width and height, or the side of a square. */
  readonly size?: number | readonly [number, number];
  readonly steps?: number;
  readonly guidance?: number;
  readonly imageTokens?: ImageTokens;
}

/** Tensors of a transformers checkpoint that are no weights, or belong to what stands after the tokens. */
const SPARE_IMAGE_TENSORS =
  /^vision_model\.(embeddings\.position_ids|post_layernorm\..*)$|^visual_projection\.weight$/;

/**
 * Turns weights and configs in diffusers' form into a pack. One tensor is in memory at a time. Every tensor must be
 * used exactly once, and every one that the configs ask for must be there: otherwise nothing is written.
 */
export async function exportPack(
  from: Folder,
  to: PackWriter,
  options: ExportOptions,
): Promise<PackManifest> {
  const networks = await openNetworks(from, options.file);
  const { unet, poseEncoder, autoencoder, scheduler, referenceNet, imageEncoder, retoucher, notes } =
    networks;
  const about = await readAbout(from);
  const configs: PackManifest['configs'] = {
    unet: unet.config,
    poseEncoder: poseEncoder.config,
    ...(autoencoder && { autoencoder: autoencoder.config }),
    scheduler,
    ...(referenceNet && { referenceNet: referenceNet.config }),
    ...(imageEncoder && { imageEncoder: imageEncoder.config, imageProcessor: imageEncoder.processor }),
    ...(retoucher && { retoucher: retoucher.config }),
  };
  const imageTokens = imageEncoder && tokensFor(unet.config, imageEncoder.config, about.imageTokens);
  const plans = planNetworks(configs, imageTokens);

  const parts: PartJob[] = [];
  // The pose encoder, the autoencoder and the retoucher are small, and an error of the last two is one of the picture.
  const floats = precisionOf(options.precision);
  const add = (
    path: string,
    plan: SegmentPlan,
    weights: Checkpoint,
    storage: Storage = floats,
  ): PartFiles => {
    parts.push({ path, plan, weights, storage });
    return partFiles(path);
  };
  const addAll = (folder: string, segments: readonly SegmentPlan[], weights: Checkpoint): PartFiles[] =>
    segments.map((plan, i) =>
      add(`${folder}/${String(i).padStart(2, '0')}`, plan, weights, options.precision),
    );

  expectTensors(PLACES.unet.title, plans.unet.segments, unet.weights);
  const unetFiles = addAll('unet', plans.unet.segments, unet.weights);
  let referenceFiles: PartFiles[] | undefined;
  if (referenceNet && plans.referenceNet) {
    const { segments, spare } = plans.referenceNet;
    const weights = besideDenoiser(referenceNet.weights, unet.weights);
    expectTensors(
      PLACES.referenceNet.title,
      segments,
      weights,
      (name) => spare.has(name) || name.startsWith(DENOISER_PREFIX),
    );
    referenceFiles = addAll('reference_net', segments, weights);
  }
  let imageFiles: PartFiles[] | undefined;
  if (imageEncoder && plans.imageEncoder) {
    const { segments } = plans.imageEncoder;
    expectTensors(PLACES.imageEncoder.title, segments, imageEncoder.weights, (name) =>
      SPARE_IMAGE_TENSORS.test(name),
    );
    imageFiles = addAll('image_encoder', segments, imageEncoder.weights);
  }
  expectTensors(PLACES.poseEncoder.title, [plans.poseEncoder], poseEncoder.weights);
  const poseFiles = add('pose_encoder', plans.poseEncoder, poseEncoder.weights);
  let autoencoderFiles: { encoder: PartFiles; decoder: PartFiles } | undefined;
  if (autoencoder && plans.autoencoder) {
    const { encoder, decoder } = plans.autoencoder;
    const { weights } = autoencoder;
    expectTensors(PLACES.autoencoder.title, [encoder, decoder], weights);
    autoencoderFiles = {
      encoder: add('encoder', encoder, weights),
      decoder: add('decoder', decoder, weights),
    };
  }

  let retoucherFiles: PartFiles | undefined;
  if (retoucher && plans.retoucher) {
    expectTensors(PLACES.retoucher.title, [plans.retoucher], retoucher.weights);
    retoucherFiles = add('retoucher', plans.retoucher, retoucher.weights);
  }

  const weights = [unet, referenceNet, imageEncoder, poseEncoder, autoencoder, retoucher].map(
    (each) => each?.weights,
  );
  const leftOut = weights.flatMap((each) => each?.notes ?? []);
  for (const note of new Set([...notes, ...leftOut])) options.onNote?.(note);
  const files = await writeParts(parts, to, options);
  const factor = 2 ** (poseEncoder.config.block_out_channels.length - 1);
  const side = Math.max(64, Number(unet.config.sample_size ?? 32) * factor);
  const [width, height] = sidesOf(about.size ?? side);
  const manifest: PackManifest = {
    format: PACK_FORMAT,
    version: PACK_VERSION,
    name: about.name ?? from.name,
    licence: about.licence ?? 'not stated',
    provenance: about.provenance ?? 'not stated',
    precision: floats,
    ...(options.precision === 'int8' && { weights: 'int8' }),
    configs,
    skeleton: about.skeleton ?? { limbWidth: 4, jointRadius: 4 },
    defaults: {
      width,
      height,
      steps: about.steps ?? 20,
      guidance: about.guidance ?? (referenceNet ? REFERENCE_NET_GUIDANCE : 1),
    },
    unet: unetFiles.map((part, i) => {
      const attention = plans.unet.attentions[i];
      return { ...part, ...(attention && { attention }) };
    }),
    ...(referenceFiles && { referenceNet: referenceFiles }),
    ...(imageFiles && imageTokens && { imageEncoder: imageFiles, imageTokens }),
    poseEncoder: poseFiles,
    ...autoencoderFiles,
    ...(retoucherFiles && { retoucher: retoucherFiles }),
    files,
  };
  // Last: a folder with a pack.json is a whole pack.
  await to.write('pack.json', once(encodeText(`${JSON.stringify(manifest, null, 1)}\n`)));
  return manifest;
}

/** AnimateAnyone's own. */
const REFERENCE_NET_GUIDANCE = 3.5;

const partFiles = (path: string): PartFiles => ({ graph: `${path}.onnx`, weights: `${path}.safetensors` });

async function readAbout(from: Folder): Promise<About> {
  const source = await from.open('pirouette.json');
  if (source === undefined) return {};
  const about = (await readJson(source, 'pirouette.json')) as About;
  const wrong = (what: string) => new ConfigFileError('pirouette.json', `${what} is not as it should be`);
  for (const key of ['name', 'licence', 'provenance'] as const) {
    if (about[key] !== undefined && typeof about[key] !== 'string') throw wrong(key);
  }
  const { size, steps, guidance, skeleton, imageTokens } = about;
  const isSize = (list: readonly unknown[]) =>
    list.length === 2 &&
    list.every((side) => Number.isInteger(side) && (side as number) > 0 && (side as number) % 64 === 0);
  if (size !== undefined && !isSize(sidesOf(size))) throw wrong('size (multiples of 64)');
  if (steps !== undefined && !(Number.isInteger(steps) && steps > 0)) throw wrong('steps');
  if (guidance !== undefined && !Number.isFinite(guidance)) throw wrong('guidance');
  if (imageTokens !== undefined && !IMAGE_TOKENS.includes(imageTokens)) throw wrong('imageTokens');
  if (skeleton !== undefined && !(skeleton.limbWidth > 0 && skeleton.jointRadius > 0))
    throw wrong('skeleton');
  return about;
}

const sidesOf = (size: number | readonly [number, number]): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size;

/** A reference net's tensors, and those of the denoiser that its segments project with, under their prefix. */
function besideDenoiser(reference: Checkpoint, denoiser: Checkpoint): Checkpoint {
  return {
    tensors: new Map([
      ...reference.tensors,
      ...[...denoiser.tensors].map(([name, info]) => [DENOISER_PREFIX + name, info] as const),
    ]),
    read: (name) =>
      name.startsWith(DENOISER_PREFIX)
        ? denoiser.read(name.slice(DENOISER_PREFIX.length))
        : reference.read(name),
  };
}

function tokensFor(
  { cross_attention_dim: width }: UNetConfig,
  config: ImageEncoderConfig,
  wanted: ImageTokens | undefined,
): ImageTokens {
  if (width === null) {
    throw new NetworksMismatchError('the image encoder makes tokens and the U-Net has no cross-attention');
  }
  const tokens = wanted ?? imageTokensOfWidth(config, width);
  if (tokens !== undefined) return tokens;
  throw new NetworksMismatchError(
    `the U-Net reads tokens of width ${width}, and the image encoder makes ${config.projection_dim} (image_embeds) or ${config.hidden_size} (last_hidden_state)`,
  );
}

/** That the configs and the checkpoint name the same tensors, of the same shapes, and all of them floats. */
export function expectTensors(
  title: string,
  plans: readonly SegmentPlan[],
  { tensors }: Checkpoint,
  isSpare: (name: string) => boolean = () => false,
): void {
  const wanted = new Map(plans.flatMap((plan) => plan.weights.map((weight) => [weight.name, weight])));
  const missing = [...wanted.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0) throw new TensorMissingError(title, missing);
  const unexpected = [...tensors.keys()].filter((name) => !wanted.has(name) && !isSpare(name));
  if (unexpected.length > 0) throw new TensorUnexpectedError(title, unexpected);
  for (const [name, weight] of wanted) {
    const { shape, dtype } = tensors.get(name) as TensorInfo;
    if (!fits(weight, shape)) throw new TensorShapeError(name, shape, weight.shape);
    if (!isWeight(dtype)) throw new TensorTypeError(name, dtype);
  }
}

/** A matrix may also come as a 1x1 convolution. */
function fits(weight: WeightSpec, found: readonly number[]): boolean {
  const matrix =
    weight.transposed && found.length === 4 && found[2] === 1 && found[3] === 1 ? found.slice(0, 2) : found;
  return matrix.length === weight.shape.length && matrix.every((dim, i) => dim === weight.shape[i]);
}

interface PartJob {
  readonly path: string;
  readonly plan: SegmentPlan;
  readonly weights: Checkpoint;
  readonly storage: Storage;
}

async function writeParts(
  jobs: readonly PartJob[],
  to: PackWriter,
  { onProgress }: ExportOptions,
): Promise<Record<string, FileEntry>> {
  const layouts = jobs.map(({ path, plan, storage }) => {
    const { weights } = partFiles(path);
    return layOutPart(plan, storage, weights.slice(weights.lastIndexOf('/') + 1));
  });
  const total = layouts.reduce((sum, { graph, weightsBytes }) => sum + graph.length + weightsBytes, 0);
  await to.begin?.(total);
  let done = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) {
    for await (const chunk of chunks) {
      yield chunk;
      done += chunk.length;
      onProgress?.(done, total);
    }
  };
  const files: Record<string, FileEntry> = {};
  for (const [i, { path, weights, storage }] of jobs.entries()) {
    const { graph, header, weights: specs } = layouts[i] as (typeof layouts)[number];
    const names = partFiles(path);
    const stored = async function* () {
      yield header;
      for (const spec of specs) {
        const { dtype, bytes } = await weights.read(spec.name);
        yield storeTensor(bytes, dtype, spec, storage);
      }
    };
    files[names.graph] = await to.write(names.graph, counted(once(graph)));
    files[names.weights] = await to.write(names.weights, counted(stored()));
  }
  return files;
}

async function* once(chunk: Uint8Array<ArrayBuffer>) {
  yield chunk;
}
