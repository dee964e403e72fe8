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
import { type Checkpoint, isWeight, readJson } from './checkpoint.ts';
import { ConfigFileError, NetworksMismatchError } from './errors.ts';
import type { Folder, PackWriter } from './folder.ts';
import { PACK_FORMAT, PACK_VERSION, type PackManifest } from './manifest.ts';
import { type NetworkFiles, type NetworkPlans, networkEntries } from './networks.ts';
import { type OpenNetworks, openNetworks } from './open-networks.ts';
import { namedFiles, type PlannedPart, planNetworks, plannedParts } from './plan-networks.ts';
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

/**
 * Turns weights and configs in diffusers' form into a pack. One tensor is in memory at a time. Every tensor must be
 * used exactly once, and every one that the configs ask for must be there: otherwise nothing is written.
 */
export async function exportPack(
  from: Folder,
  to: PackWriter,
  options: ExportOptions,
): Promise<PackManifest> {
  const { networks, imageProcessor, notes } = await openNetworks(from, options.file);
  const about = await readAbout(from);
  const configs = {
    ...Object.fromEntries(Object.entries(networks).map(([key, { config }]) => [key, config])),
    ...(imageProcessor && { imageProcessor }),
  } as unknown as PackManifest['configs'];
  const imageTokens = tokensFor(configs, about.imageTokens);
  const plans = planNetworks(configs, { imageTokens });
  const named = namedFiles(plans);
  const stored = {
    precision: precisionOf(options.precision),
    ...(options.precision === 'int8' && { weights: 'int8' as const }),
  };
  const weights = weightsOf(networks, plans);
  const jobs = plannedParts(plans, { ...named, ...stored }).map((part): PartJob => {
    return { ...part, weights: weights.get(part.network) as Checkpoint };
  });
  const leftOut = Object.values(networks).flatMap((each) => each.weights.notes ?? []);
  for (const note of new Set([...notes, ...leftOut])) options.onNote?.(note);
  const files = await writeParts(jobs, to, options);
  const factor = 2 ** (configs.poseEncoder.block_out_channels.length - 1);
  const side = Math.max(64, Number(configs.unet.sample_size ?? 32) * factor);
  const [width, height] = sidesOf(about.size ?? side);
  const manifest: PackManifest = {
    format: PACK_FORMAT,
    version: PACK_VERSION,
    name: about.name ?? from.name,
    licence: about.licence ?? 'not stated',
    provenance: about.provenance ?? 'not stated',
    ...stored,
    configs,
    skeleton: about.skeleton ?? { limbWidth: 4, jointRadius: 4 },
    defaults: {
      width,
      height,
      steps: about.steps ?? 20,
      guidance: about.guidance ?? (configs.referenceNet ? REFERENCE_NET_GUIDANCE : 1),
    },
    ...(imageTokens && { imageTokens }),
    ...(named as unknown as NetworkFiles),
    files,
  };
  // Last: a folder with a pack.json is a whole pack.
  await to.write('pack.json', once(encodeText(`${JSON.stringify(manifest, null, 1)}\n`)));
  return manifest;
}

/** AnimateAnyone's own. */
const REFERENCE_NET_GUIDANCE = 3.5;

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

/** Each network's tensors; all that its graphs ask for are there, and no others. */
function weightsOf(networks: OpenNetworks['networks'], plans: NetworkPlans): Map<string, Checkpoint> {
  const all = new Map<string, Checkpoint>();
  for (const [key, { title, parts, isSpare, borrows }] of networkEntries()) {
    const [own, plan] = [networks[key]?.weights, plans[key] as unknown];
    if (own === undefined || plan === undefined) continue;
    const lender = borrows === undefined ? undefined : networks.unet?.weights;
    const weights = lender && borrows !== undefined ? besideLent(own, lender, borrows) : own;
    const segments = Object.values(parts).flatMap((part) => part.segments(plan));
    const isLent = (name: string) => borrows !== undefined && name.startsWith(borrows);
    expectTensors(title, segments, weights, (name) => isLent(name) || (isSpare?.(name, plan) ?? false));
    all.set(key, weights);
  }
  return all;
}

/** A network's tensors, and those of another that it also computes with, under a prefix. */
function besideLent(own: Checkpoint, lender: Checkpoint, prefix: string): Checkpoint {
  return {
    tensors: new Map([
      ...own.tensors,
      ...[...lender.tensors].map(([name, info]) => [prefix + name, info] as const),
    ]),
    read: (name) => (name.startsWith(prefix) ? lender.read(name.slice(prefix.length)) : own.read(name)),
  };
}

function tokensFor(
  { unet, imageEncoder }: PackManifest['configs'],
  wanted: ImageTokens | undefined,
): ImageTokens | undefined {
  if (imageEncoder === undefined) return undefined;
  const { cross_attention_dim: width } = unet;
  if (width === null) {
    throw new NetworksMismatchError('the image encoder makes tokens and the U-Net has no cross-attention');
  }
  const tokens = wanted ?? imageTokensOfWidth(imageEncoder, width);
  if (tokens !== undefined) return tokens;
  throw new NetworksMismatchError(
    `the U-Net reads tokens of width ${width}, and the image encoder makes ${imageEncoder.projection_dim} (image_embeds) or ${imageEncoder.hidden_size} (last_hidden_state)`,
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

interface PartJob extends PlannedPart {
  readonly weights: Checkpoint;
}

async function writeParts(
  jobs: readonly PartJob[],
  to: PackWriter,
  { onProgress }: ExportOptions,
): Promise<Record<string, FileEntry>> {
  const layouts = jobs.map(({ files: { weights }, plan, storage }) =>
    layOutPart(plan, storage, weights.slice(weights.lastIndexOf('/') + 1)),
  );
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
  for (const [i, { files: names, weights, storage }] of jobs.entries()) {
    const { graph, header, weights: specs } = layouts[i] as (typeof layouts)[number];
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
