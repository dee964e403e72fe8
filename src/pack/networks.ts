import type {
  AutoencoderConfig,
  ImageEncoderConfig,
  ImageProcessorConfig,
  PoseEncoderConfig,
  RetoucherConfig,
  SchedulerConfig,
  UNetConfig,
} from '../onnx/configs.ts';
import {
  ANIMATE_ANYONE_SCHEDULER,
  leftOutMotion,
  poseEncoderConfigOf,
  refuseReferenceNets,
} from './animate-anyone.ts';
import {
  type Checkpoint,
  checkpointOf,
  configlessStems,
  type Found,
  findConfig,
  findWeights,
  type NetworkPlaces,
  needConfig,
  openCheckpoint,
  PLACES,
  presentAutoencoderName,
  readJson,
  splitByNetwork,
} from './checkpoint.ts';
import { poseEncoderIn } from './controlnet.ts';
import { WeightsNotFoundError } from './errors.ts';
import type { Folder } from './folder.ts';
import { imageProcessorOf } from './image-processor.ts';
import { refuseAccessories } from './recognize.ts';
import { readStableDiffusion, SCHEDULER } from './stable-diffusion.ts';
import { openTensorFile, type TensorFile } from './tensor-file.ts';
import { unetConfigOf } from './unet-config.ts';

export interface Network<Config> {
  readonly config: Config;
  readonly weights: Checkpoint;
}

/** Everything that a pack is made of, from whichever form the weights came in. */
export interface Networks {
  readonly unet: Network<UNetConfig>;
  readonly poseEncoder: Network<PoseEncoderConfig>;
  readonly autoencoder?: Network<AutoencoderConfig> | undefined;
  readonly scheduler: SchedulerConfig;
  readonly referenceNet?: Network<UNetConfig> | undefined;
  readonly imageEncoder?: (Network<ImageEncoderConfig> & { processor: ImageProcessorConfig }) | undefined;
  readonly retoucher?: Network<RetoucherConfig> | undefined;
  /** What was left out or assumed, in sentences. */
  readonly notes: readonly string[];
}

/** `path` is a file in the folder that holds several networks, or one. */
export async function openNetworks(from: Folder, path?: string): Promise<Networks> {
  const file = path === undefined ? undefined : await openNamed(from, path);
  const stable = file && readStableDiffusion(file);
  if (stable) return beside(from, stable);
  const referenceNet = await findUNet(from, PLACES.referenceNet);
  if (referenceNet === undefined) await refuseReferenceNets(from);

  const whole = file && splitByNetwork(file);
  const open = async <Config>(
    places: NetworkPlaces,
    config: Config,
    stems: readonly string[],
    rename?: (name: string) => string,
  ): Promise<Network<Config>> => ({
    config,
    weights: whole ? whole(places, rename) : await openCheckpoint(from, places.title, stems, rename),
  });
  const unet =
    (await findUNet(from, PLACES.unet)) ??
    (file && toldUNet([file], [])) ??
    (await needConfig<UNetConfig>(from, PLACES.unet));
  const poseEncoder = await findConfig<PoseEncoderConfig>(from, PLACES.poseEncoder);
  const autoencoder = await findConfig<AutoencoderConfig>(from, PLACES.autoencoder);
  const scheduler = await findConfig<SchedulerConfig>(from, PLACES.scheduler);
  const imageEncoder = await findConfig<ImageEncoderConfig>(from, PLACES.imageEncoder);
  const retoucher = await findConfig<RetoucherConfig>(from, PLACES.retoucher);
  const notes: string[] = referenceNet ? await leftOutMotion(from) : [];
  // A U-Net's own file may have any name.
  const isUNet = file?.tensors.has('time_embedding.linear_1.weight') ?? false;
  return {
    unet:
      file && isUNet
        ? { config: unet.config, weights: checkpointOf([file]) }
        : await open(PLACES.unet, unet.config, unet.stems),
    poseEncoder: poseEncoder
      ? await open(PLACES.poseEncoder, poseEncoder.config, poseEncoder.stems)
      : await poseEncoderAlone(from),
    autoencoder:
      autoencoder &&
      (await open(PLACES.autoencoder, autoencoder.config, autoencoder.stems, presentAutoencoderName)),
    scheduler: scheduler?.config ?? (await ownScheduler(from, unet, referenceNet !== undefined, notes)),
    referenceNet: referenceNet && (await open(PLACES.referenceNet, referenceNet.config, referenceNet.stems)),
    imageEncoder: imageEncoder && {
      ...(await open(PLACES.imageEncoder, imageEncoder.config, imageEncoder.stems)),
      processor: await imageProcessor(from, imageEncoder.config, referenceNet !== undefined, notes),
    },
    retoucher: retoucher && (await open(PLACES.retoucher, retoucher.config, retoucher.stems)),
    notes,
  };
}

/** Stable Diffusion's one file has no pose encoder, and may have been tuned with another schedule: both lie beside it. */
async function beside(
  from: Folder,
  stable: NonNullable<ReturnType<typeof readStableDiffusion>>,
): Promise<Networks> {
  const { unet, autoencoder, notes } = stable;
  const found = await findConfig<PoseEncoderConfig>(from, PLACES.poseEncoder);
  const poseEncoder = found
    ? { config: found.config, weights: await openCheckpoint(from, PLACES.poseEncoder.title, found.stems) }
    : await poseEncoderAlone(from);
  const own = await findConfig<SchedulerConfig>(from, PLACES.scheduler);
  const scheduler = own?.config ?? stable.scheduler;
  if (scheduler === undefined) await needConfig(from, PLACES.scheduler);
  return {
    unet,
    poseEncoder,
    autoencoder,
    scheduler: scheduler as SchedulerConfig,
    notes: own ? notes : [...notes, ASSUMED],
  };
}

const ASSUMED =
  "No scheduler config lies beside the file: Stable Diffusion 1's own is assumed (it predicts noise).";

/** A U-Net with its config, or, for Stable Diffusion's shapes, with one told from them. */
async function findUNet(from: Folder, places: NetworkPlaces): Promise<Found<UNetConfig> | undefined> {
  const found = await findConfig<UNetConfig>(from, places);
  if (found) return found;
  const stems = configlessStems(places);
  return toldUNet((await findWeights(from, stems)) ?? [], stems);
}

function toldUNet(files: readonly TensorFile[], stems: readonly string[]): Found<UNetConfig> | undefined {
  const [first] = files;
  const config = first && unetConfigOf(checkpointOf(files).tensors, first.path);
  return config && { path: first.path, config, stems };
}

/** What weights that came without a scheduler's config were trained with. */
async function ownScheduler(
  from: Folder,
  { config }: Found<UNetConfig>,
  hasReferenceNet: boolean,
  notes: string[],
): Promise<SchedulerConfig> {
  // Of those after Stable Diffusion 1 some predict noise and some velocity, and no tensor tells which.
  if (config.cross_attention_dim !== 768) await needConfig(from, PLACES.scheduler);
  notes.push(
    hasReferenceNet
      ? "No scheduler config lies beside the weights: AnimateAnyone's is assumed (it predicts velocity, from pure noise)."
      : ASSUMED,
  );
  return hasReferenceNet ? ANIMATE_ANYONE_SCHEDULER : SCHEDULER;
}

/** Where diffusers' pipelines and transformers keep an image processor's config. */
const PROCESSOR_FILES = ['image_encoder', 'feature_extractor', 'image_processor']
  .map((folder) => `${folder}/preprocessor_config.json`)
  .concat('preprocessor_config.json');

async function imageProcessor(
  from: Folder,
  config: ImageEncoderConfig,
  hasReferenceNet: boolean,
  notes: string[],
): Promise<ImageProcessorConfig> {
  for (const path of PROCESSOR_FILES) {
    const source = await from.open(path);
    if (source) return imageProcessorOf(await readJson(source, path), config, false);
  }
  notes.push(
    hasReferenceNet
      ? "No preprocessor_config.json lies beside the image encoder: it will see the whole picture, stretched to a square, as AnimateAnyone's does."
      : "No preprocessor_config.json lies beside the image encoder: it will see the picture's middle, as CLIP's own does.",
  );
  return imageProcessorOf(undefined, config, hasReferenceNet);
}

async function poseEncoderAlone(from: Folder): Promise<Network<PoseEncoderConfig>> {
  const files = await findWeights(from, configlessStems(PLACES.poseEncoder));
  if (files === undefined) await needConfig(from, PLACES.poseEncoder);
  const weights: Checkpoint = poseEncoderIn(files ?? []);
  return { config: poseEncoderConfigOf(weights.tensors), weights };
}

async function openNamed(from: Folder, path: string) {
  const source = await from.open(path);
  if (source === undefined) throw new WeightsNotFoundError(from.name, 'weights', [path]);
  const file = await openTensorFile(source, path);
  refuseAccessories(file);
  return file;
}
