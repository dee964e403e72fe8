import { type AutoencoderPlan, planAutoencoder } from '../onnx/autoencoder.ts';
import { presentAutoencoderName } from '../onnx/autoencoder-kl.ts';
import type {
  AutoencoderConfig,
  HourglassConfig,
  ImageEncoderConfig,
  MotionConfig,
  MoverConfig,
  PoseEncoderConfig,
  RetoucherConfig,
  SchedulerConfig,
  UNetConfig,
} from '../onnx/configs.ts';
import { IMAGE_TOKENS, type ImageTokens, planImageEncoder } from '../onnx/image-encoder.ts';
import { planMatte } from '../onnx/matte.ts';
import { type MotionPlan, planMotion } from '../onnx/motion.ts';
import { planMover } from '../onnx/mover.ts';
import { planPlate } from '../onnx/plate.ts';
import { planPoseEncoder } from '../onnx/pose-encoder.ts';
import { planRetoucher } from '../onnx/retoucher.ts';
import type { SegmentPlan } from '../onnx/trace.ts';
import { DENOISER_PREFIX, planReferenceNet, planUNet, type UNetPlan } from '../onnx/unet.ts';
import { DdimSchedule } from '../scd/ddim.ts';
import { isImageProcessor } from './image-processor.ts';
import { presentMotionName } from './motion-names.ts';

/** A graph of a network, or a list of them that run one after another. Its key is its name in pack.json. */
export interface PartEntry<Plan> {
  /** Once a photo, at every denoising step, or once a frame. */
  readonly when: 'photo' | 'step' | 'frame';
  readonly isList?: boolean;
  segments(plan: Plan): readonly SegmentPlan[];
  /** What pack.json says of the graph with this number beside its files. */
  about?(plan: Plan, index: number): object | undefined;
}

export interface NetworkEntry<Config, Plan, Parts = Readonly<Record<string, PartEntry<Plan>>>> {
  /** For people. */
  readonly title: string;
  /** Folders that its config and weights may lie in; stems of files and beginnings of tensors' names where all lies in one. */
  readonly places: readonly string[];
  readonly isNeeded?: boolean;
  /** Whether a pack in 8 bits stores its large weights so. */
  readonly storage: 'int8' | 'floats';
  /** Its graphs. Throws for a config that is not built here. */
  plan(config: Config, extras: PlanExtras): Plan;
  readonly parts: Parts;
  /** Why it does not go together with the others, in words. */
  misfit?(own: Planned<Config, Plan>, others: Others): string | undefined;
  /** The present name of a tensor; undefined for one that says nothing new. */
  rename?(name: string): string | undefined;
  /** Tensors that may be among its weights and are left out. */
  isSpare?(name: string, plan: Plan): boolean;
  /** What its tensors of the U-Net begin with. */
  readonly borrows?: string;
  /** What is wrong with the fields of pack.json that belong to it, beside its config and its parts. */
  faults?(json: Readonly<Record<string, unknown>>): string[];
}

/** What a plan depends on beside its config. */
export interface PlanExtras {
  readonly imageTokens?: ImageTokens | undefined;
  /** The config of motion modules, for which the U-Net is cut. */
  readonly motion?: MotionConfig | undefined;
}

export interface Planned<Config, Plan> {
  readonly config: Config;
  readonly plan: Plan;
}

/** The networks that another one may have to fit. */
export interface Others {
  readonly unet: Planned<UNetConfig, UNetPlan>;
  readonly referenceNet?: Planned<UNetConfig, UNetPlan> | undefined;
  readonly poseEncoder: Planned<PoseEncoderConfig, SegmentPlan>;
  readonly autoencoder?: Planned<AutoencoderConfig, AutoencoderPlan> | undefined;
}

/** Keeps the types of an entry: pack.json's type is told from them. */
function network<
  Config,
  Plan,
  const Parts extends Readonly<Record<string, PartEntry<Plan>>>,
  const Needed extends boolean = false,
>(entry: NetworkEntry<Config, Plan, Parts> & { readonly isNeeded?: Needed }) {
  return entry;
}

/** Pictures are multiples of this many pixels. */
const PICTURE_STEP = 64;

/** Of a network that is one graph. */
const itself = (plan: SegmentPlan): readonly SegmentPlan[] => [plan];

/**
 * What a pack can be made of. The exporter, pack.json, its validation, the check and the loader go through this table,
 * so a new network is one entry here beside the file in src/onnx that writes its graphs. The key is its config's name.
 */
export const NETWORKS = {
  unet: network({
    title: 'U-Net',
    places: ['unet', 'denoising_unet'],
    isNeeded: true,
    storage: 'int8',
    plan: (config: UNetConfig, { motion }: PlanExtras) => planUNet(config, motion),
    parts: {
      unet: {
        when: 'step',
        isList: true,
        segments: ({ segments }) => segments,
        about: ({ attentions, cuts }, i) => {
          const cut = cuts[i];
          if (cut === undefined || 'motion' in cut) return cut;
          return { attention: attentions[cut.attention] };
        },
      },
    },
    misfit({ config }, { poseEncoder }) {
      // Padded on one side alone, an odd size comes out smaller than its half rounded up, as all else here counts it.
      const halvings =
        config.block_out_channels.length - 1 + poseEncoder.config.block_out_channels.length - 1;
      return config.downsample_padding === 0 && 2 ** halvings > PICTURE_STEP
        ? `the U-Net's downsample_padding of 0 needs sizes that halve evenly, and with ${halvings} halvings in all some pictures' do not`
        : undefined;
    },
  }),
  motion: network({
    title: 'motion module',
    places: ['motion_module', 'motion_adapter', 'motion'],
    storage: 'int8',
    plan: (config: MotionConfig): MotionPlan => planMotion(config),
    parts: {
      motion: { when: 'step', isList: true, segments: ({ modules }) => modules.map(({ plan }) => plan) },
    },
    misfit({ plan: { modules, shape } }, { unet }) {
      // A U-Net that is cut for its modules has shown that they fit.
      if (shape) return undefined;
      const own = modules.map(({ channels }) => channels).join();
      const widths = unet.plan.attentions.map(({ heads, headSize }) => heads * headSize).join();
      return own === widths
        ? undefined
        : `the motion modules work on ${own} channels and the U-Net's self-attentions on ${widths}`;
    },
    rename: presentMotionName,
  }),
  referenceNet: network({
    title: 'reference net',
    places: ['reference_unet'],
    storage: 'int8',
    plan: (config: UNetConfig) => planReferenceNet(config),
    parts: { referenceNet: { when: 'photo', isList: true, segments: ({ segments }) => segments } },
    misfit({ config, plan }, { unet }) {
      if (config.in_channels !== unet.config.in_channels)
        return `the reference net takes ${config.in_channels} channels and the U-Net ${unet.config.in_channels}`;
      return attentionsOf(plan) === attentionsOf(unet.plan)
        ? undefined
        : "the reference net's self-attentions are not the U-Net's";
    },
    // After its last attention nothing is asked of it.
    isSpare: (name, { spare }) => spare.has(name),
    borrows: DENOISER_PREFIX,
  }),
  imageEncoder: network({
    title: 'image encoder',
    places: ['image_encoder'],
    storage: 'int8',
    plan: (config: ImageEncoderConfig, { imageTokens = 'image_embeds' }: PlanExtras) =>
      planImageEncoder(config, imageTokens),
    parts: { imageEncoder: { when: 'photo', isList: true, segments: ({ segments }) => segments } },
    misfit({ plan: { tokens } }, { unet, referenceNet }) {
      for (const [title, reader] of [
        ['U-Net', unet],
        ['reference net', referenceNet],
      ] as const) {
        const width = reader?.config.cross_attention_dim;
        if (reader && width !== tokens.width)
          return `the image encoder makes tokens of width ${tokens.width} and the ${title} reads ${width == null ? 'none' : `${width}`}`;
      }
      return undefined;
    },
    // No weights, or of what stands after the tokens.
    isSpare: (name) =>
      /^vision_model\.(embeddings\.position_ids|post_layernorm\..*)$|^visual_projection\.weight$/.test(name),
    faults: ({ configs, imageTokens }) => [
      ...(isImageProcessor((configs as { imageProcessor?: unknown }).imageProcessor)
        ? []
        : ['configs.imageProcessor is missing or incomplete']),
      ...(IMAGE_TOKENS.includes(imageTokens as ImageTokens)
        ? []
        : [`imageTokens is ${JSON.stringify(imageTokens)}`]),
    ],
  }),
  poseEncoder: network({
    title: 'pose encoder',
    places: ['pose_encoder', 'pose_guider'],
    isNeeded: true,
    storage: 'floats',
    plan: (config: PoseEncoderConfig) => planPoseEncoder(config),
    parts: { poseEncoder: { when: 'frame', segments: itself } },
    misfit({ config }, { unet, autoencoder }) {
      const [first] = unet.config.block_out_channels;
      const features = config.conditioning_embedding_channels;
      if (features !== first)
        return `the pose encoder makes ${features} channels and the U-Net starts with ${first}`;
      const factor = 2 ** (config.block_out_channels.length - 1);
      return autoencoder && autoencoder.plan.factor !== factor
        ? `the autoencoder shrinks ${autoencoder.plan.factor} times and the pose encoder ${factor} times`
        : undefined;
    },
  }),
  autoencoder: network({
    title: 'autoencoder',
    places: ['vae', 'autoencoder'],
    // An error of it is one of the picture.
    storage: 'floats',
    plan: (config: AutoencoderConfig) => planAutoencoder(config),
    parts: {
      encoder: { when: 'photo', segments: ({ encoder }) => [encoder] },
      decoder: { when: 'frame', segments: ({ decoder }) => [decoder] },
    },
    misfit: ({ config }, { unet }) =>
      config.latent_channels === unet.config.in_channels
        ? undefined
        : `the autoencoder makes ${config.latent_channels} channels and the U-Net takes ${unet.config.in_channels}`,
    rename: presentAutoencoderName,
  }),
  retoucher: network({
    title: 'retoucher',
    places: ['retoucher'],
    storage: 'floats',
    plan: (config: RetoucherConfig) => planRetoucher(config),
    parts: { retoucher: { when: 'frame', segments: itself } },
    misfit: (_, { autoencoder }) =>
      autoencoder ? undefined : 'a retoucher came without an autoencoder, whose pictures it would retouch',
  }),
  matte: network({
    title: 'matte',
    places: ['matte'],
    storage: 'floats',
    plan: (config: HourglassConfig) => planMatte(config),
    parts: { matte: { when: 'photo', segments: itself } },
  }),
  plate: network({
    title: 'plate',
    places: ['plate'],
    storage: 'floats',
    plan: (config: HourglassConfig) => planPlate(config),
    parts: { plate: { when: 'photo', segments: itself } },
  }),
  mover: network({
    title: 'mover',
    places: ['mover'],
    storage: 'floats',
    plan: (config: MoverConfig) => planMover(config),
    parts: {
      moverPhoto: { when: 'photo', segments: ({ photo }) => [photo] },
      mover: { when: 'frame', isList: true, segments: ({ frame }) => frame },
    },
  }),
  /** No network, but a config as they have. */
  scheduler: network({
    title: 'scheduler',
    places: ['scheduler'],
    isNeeded: true,
    storage: 'floats',
    plan: (config: SchedulerConfig) => new DdimSchedule(config),
    parts: {},
  }),
};

const attentionsOf = ({ attentions }: UNetPlan): string =>
  attentions.map(({ heads, headSize }) => `${heads}x${headSize}`).join();

/** An entry, whichever it is. */
// biome-ignore lint/suspicious/noExplicitAny: each entry goes with its own config and plan alone.
export type AnyNetwork = NetworkEntry<any, any>;

export const networkEntries = (): [NetworkKey, AnyNetwork][] =>
  Object.entries(NETWORKS) as unknown as [NetworkKey, AnyNetwork][];

type Table = typeof NETWORKS;
export type NetworkKey = keyof Table;
type NeededKey = { [K in NetworkKey]: Table[K] extends { isNeeded?: true } ? K : never }[NetworkKey];
export type ConfigOf<K extends NetworkKey> = Parameters<Table[K]['plan']>[0];
type PlanOf<K extends NetworkKey> = ReturnType<Table[K]['plan']>;

type Needed<Of extends Record<NetworkKey, unknown>> = { readonly [K in NeededKey]: Of[K] } & {
  readonly [K in Exclude<NetworkKey, NeededKey>]?: Of[K];
};
/** In pack.json, by network. */
export type NetworkConfigs = Needed<{ [K in NetworkKey]: ConfigOf<K> }>;
export type NetworkPlans = Needed<{ [K in NetworkKey]: PlanOf<K> }>;

/** One ONNX graph and the safetensors file beside it that holds its weights. Paths are relative to the pack. */
export interface PartFiles {
  readonly graph: string;
  readonly weights: string;
}

/** Of a list. The U-Net's segments but the last end in the q, k and v of a self-attention with these dimensions, */
export interface SegmentFiles extends PartFiles {
  readonly attention?: { readonly heads: number; readonly headSize: number };
  /** or before the motion module with this number. */
  readonly motion?: number;
}

type FilesOf<Parts> = {
  readonly [F in keyof Parts]: Parts[F] extends { isList: true } ? readonly SegmentFiles[] : PartFiles;
};
type Joined<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;
/** In pack.json, by part. */
export type NetworkFiles = Joined<FilesOf<Table[NeededKey]['parts']>> &
  Partial<Joined<FilesOf<Table[Exclude<NetworkKey, NeededKey>]['parts']>>>;
