import type {
  ImageEncoderConfig,
  ImageProcessorConfig,
  MotionConfig,
  PoseEncoderConfig,
  SchedulerConfig,
  UNetConfig,
} from '../onnx/configs.ts';
import { ANIMATE_ANYONE_SCHEDULER, poseEncoderConfigOf, refuseReferenceNets } from './animate-anyone.ts';
import {
  type Checkpoint,
  checkpointOf,
  configlessStems,
  type Found,
  findConfig,
  findWeights,
  needConfig,
  openCheckpoint,
  readJson,
  splitByNetwork,
} from './checkpoint.ts';
import { poseEncoderIn } from './controlnet.ts';
import { WeightsNotFoundError } from './errors.ts';
import type { Folder } from './folder.ts';
import { imageProcessorOf } from './image-processor.ts';
import { motionConfigOf, presentMotionName } from './motion-names.ts';
import { type AnyNetwork, type ConfigOf, NETWORKS, type NetworkKey, networkEntries } from './networks.ts';
import { refuseAccessories } from './recognize.ts';
import { readStableDiffusion, SCHEDULER } from './stable-diffusion.ts';
import { openTensorFile, type TensorFile } from './tensor-file.ts';
import { unetConfigOf } from './unet-config.ts';

export interface OpenNetwork<Config> {
  readonly config: Config;
  /** A scheduler has none. */
  readonly weights: Checkpoint;
}

/** Everything that a pack is made of, from whichever form the weights came in. */
export interface OpenNetworks {
  readonly networks: { readonly [K in NetworkKey]?: OpenNetwork<ConfigOf<K>> };
  readonly imageProcessor?: ImageProcessorConfig | undefined;
  /** What was left out or assumed, in sentences. */
  readonly notes: readonly string[];
}

/** `path` is a file in the folder that holds several networks, or one. */
export async function openNetworks(from: Folder, path?: string): Promise<OpenNetworks> {
  const file = path === undefined ? undefined : await openNamed(from, path);
  const stable = file && readStableDiffusion(file);
  const notes: string[] = [...(stable?.notes ?? [])];
  const networks: Record<string, OpenNetwork<object>> = {};
  const told: Partial<Record<string, () => Promise<Found<object> | OpenNetwork<object> | undefined>>> = {
    unet: async () => (await toldUNet(from, NETWORKS.unet)) ?? (file && unetOf([file], [])),
    referenceNet: () => toldUNet(from, NETWORKS.referenceNet),
    motion: () => motionAlone(from),
    poseEncoder: () => poseEncoderAlone(from),
    scheduler: async () => ({
      config: await ownScheduler(
        from,
        networks.unet?.config as UNetConfig,
        'referenceNet' in networks,
        notes,
      ),
      weights: NO_WEIGHTS,
    }),
  };
  const whole = file && splitByNetwork(file);
  const weightsOf = async (
    key: string,
    network: AnyNetwork,
    stems: readonly string[],
  ): Promise<Checkpoint> => {
    // A U-Net's own file may have any name.
    if (key === 'unet' && file?.tensors.has('time_embedding.linear_1.weight')) return checkpointOf([file]);
    return whole ? whole(network) : openCheckpoint(from, network, stems);
  };
  const openOne = async (key: string, network: AnyNetwork): Promise<OpenNetwork<object> | undefined> => {
    const given = stable?.[key as keyof typeof stable] as OpenNetwork<object> | undefined;
    if (given) return given;
    const found = (await findConfig<object>(from, network)) ?? (await told[key]?.());
    if (found === undefined) {
      if (network.isNeeded) await needConfig(from, network);
      return undefined;
    }
    if ('weights' in found) return found;
    const isConfigAlone = Object.keys(network.parts).length === 0;
    return {
      config: found.config,
      weights: isConfigAlone ? NO_WEIGHTS : await weightsOf(key, network, found.stems),
    };
  };
  const referenceNet = await openOne('referenceNet', NETWORKS.referenceNet);
  if (!referenceNet && !stable) await refuseReferenceNets(from);
  for (const [key, network] of networkEntries()) {
    const opened = key === 'referenceNet' ? referenceNet : await openOne(key, network);
    if (opened) networks[key] = opened;
  }
  if (networks.scheduler) networks.scheduler = sampledByDdim(networks.scheduler, notes);
  const { imageEncoder } = networks as OpenNetworks['networks'];
  return {
    networks,
    imageProcessor:
      imageEncoder && (await imageProcessor(from, imageEncoder.config, referenceNet !== undefined, notes)),
    notes,
  };
}

/** What DDIM has and other samplers say nothing of, or say otherwise. */
function sampledByDdim(scheduler: OpenNetwork<object>, notes: string[]): OpenNetwork<object> {
  const config = scheduler.config as SchedulerConfig;
  const { _class_name: name = 'DDIMScheduler' } = config;
  if (name === 'DDIMScheduler') return scheduler;
  notes.push(
    `The scheduler's config is a ${String(name).slice(0, 60)}'s: frames are sampled by DDIM with its noise schedule, and what else it says of sampling is not used.`,
  );
  // Of diffusers' samplers only DDIM and DDPM clip where nothing is said.
  const clips = name === 'DDPMScheduler' || config.clip_sample != null;
  return clips ? scheduler : { ...scheduler, config: { ...config, clip_sample: false } };
}

const NO_WEIGHTS: Checkpoint = {
  tensors: new Map(),
  read: async (name) => {
    throw new Error(`${name} is not in the checkpoint`);
  },
};

const ASSUMED =
  "No scheduler config lies beside the file: Stable Diffusion 1's own is assumed (it predicts noise).";

/** Of Stable Diffusion's shapes: its config is told from them. */
async function toldUNet(from: Folder, network: AnyNetwork): Promise<Found<UNetConfig> | undefined> {
  const stems = configlessStems(network);
  return unetOf((await findWeights(from, stems)) ?? [], stems);
}

function unetOf(files: readonly TensorFile[], stems: readonly string[]): Found<UNetConfig> | undefined {
  const [first] = files;
  const config = first && unetConfigOf(checkpointOf(files).tensors, first.path);
  return config && { path: first.path, config, stems };
}

/** What weights that came without a scheduler's config were trained with. */
async function ownScheduler(
  from: Folder,
  unet: UNetConfig,
  hasReferenceNet: boolean,
  notes: string[],
): Promise<SchedulerConfig> {
  // Of those after Stable Diffusion 1 some predict noise and some velocity, and no tensor tells which.
  if (unet.cross_attention_dim !== 768) await needConfig(from, NETWORKS.scheduler);
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

async function poseEncoderAlone(from: Folder): Promise<OpenNetwork<PoseEncoderConfig>> {
  const files = await findWeights(from, configlessStems(NETWORKS.poseEncoder));
  if (files === undefined) await needConfig(from, NETWORKS.poseEncoder);
  const weights: Checkpoint = poseEncoderIn(files ?? []);
  return { config: poseEncoderConfigOf(weights.tensors), weights };
}

/** Motion modules as their authors publish them: without a config. */
async function motionAlone(from: Folder): Promise<OpenNetwork<MotionConfig> | undefined> {
  const files = await findWeights(from, configlessStems(NETWORKS.motion));
  if (files === undefined) return undefined;
  const tensors = checkpointOf(files).tensors;
  return { config: motionConfigOf(tensors), weights: checkpointOf(files, presentMotionName) };
}

async function openNamed(from: Folder, path: string) {
  const source = await from.open(path);
  if (source === undefined) throw new WeightsNotFoundError(from.name, 'weights', [path]);
  const file = await openTensorFile(source, path);
  refuseAccessories(file);
  return file;
}
