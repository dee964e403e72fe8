import type {
  AutoencoderConfig,
  ImageEncoderConfig,
  ImageProcessorConfig,
  PoseEncoderConfig,
  RetoucherConfig,
  SchedulerConfig,
  UNetConfig,
} from '../onnx/configs.ts';
import type { ImageTokens } from '../onnx/image-encoder.ts';

export const PACK_FORMAT = 'pirouette-pack';
export const PACK_VERSION = 1;

/** One ONNX graph and the safetensors file beside it that holds its weights. Paths are relative to the pack. */
export interface PartFiles {
  readonly graph: string;
  readonly weights: string;
}

/** A U-Net segment: all but the last end in the q, k and v of a self-attention with these dimensions. */
export interface SegmentFiles extends PartFiles {
  readonly attention?: { readonly heads: number; readonly headSize: number };
}

/** pack.json. */
export interface PackManifest {
  readonly format: typeof PACK_FORMAT;
  readonly version: number;
  readonly name: string;
  readonly licence: string;
  /** Where the weights come from and what they were trained on, for people. */
  readonly provenance: string;
  /** How weights and graphs are stored. A device without f16 runs an f16 pack in f32: the loader retypes graph and weights. */
  readonly precision: 'f16' | 'f32';
  /** Large weights of the U-Net, the reference net and the image encoder are stored in 8 bits, with scales of `precision`. */
  readonly weights?: 'int8';
  readonly configs: {
    readonly unet: UNetConfig;
    readonly poseEncoder: PoseEncoderConfig;
    /** Missing where the weights came without one: such a pack renders latents only. */
    readonly autoencoder?: AutoencoderConfig;
    readonly scheduler: SchedulerConfig;
    /** Of a second U-Net, which looks at the reference in the first one's place. */
    readonly referenceNet?: UNetConfig;
    /** Of the network whose tokens cross-attention reads. Without one it reads zeros. */
    readonly imageEncoder?: ImageEncoderConfig;
    readonly imageProcessor?: ImageProcessorConfig;
    /** Of the network that gives finished frames the photo's detail back. */
    readonly retoucher?: RetoucherConfig;
  };
  readonly skeleton: { readonly limbWidth: number; readonly jointRadius: number };
  readonly defaults: {
    readonly width: number;
    readonly height: number;
    readonly steps: number;
    readonly guidance: number;
  };
  readonly unet: readonly SegmentFiles[];
  /** One segment for each self-attention of the U-Net. */
  readonly referenceNet?: readonly PartFiles[];
  /** One after another; the last one makes the tokens. */
  readonly imageEncoder?: readonly PartFiles[];
  readonly imageTokens?: ImageTokens;
  readonly poseEncoder: PartFiles;
  readonly encoder?: PartFiles;
  readonly decoder?: PartFiles;
  readonly retoucher?: PartFiles;
  /** Every file of the pack but pack.json itself. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** Where a pack comes from. */
export type PackSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'files'; readonly files: readonly File[] }
  /** Weights that were imported here, by the name that they were given then. */
  | { readonly kind: 'imported'; readonly id: string }
  | { readonly kind: 'zip'; readonly file: Blob };

/**
 * An opened pack: its manifest is read and valid; files are fetched, verified and cached as they are read, one at a
 * time, so that nobody holds more than one segment's weights.
 */
export interface Pack {
  readonly manifest: PackManifest;
  /** The verified bytes of one file of the pack; they are the caller's own, to free when done. */
  read(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Fetches a file that will be read later, so that it will not have to come from the network then. */
  fetch?(path: string, signal?: AbortSignal): Promise<void>;
  /** Bytes that the browser has yet to keep for the next visit. */
  unkeptBytes?(): Promise<number>;
}

export interface PackProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}
