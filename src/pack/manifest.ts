import type { ImageProcessorConfig } from '../onnx/configs.ts';
import type { ImageTokens } from '../onnx/image-encoder.ts';
import type { NetworkConfigs, NetworkFiles } from './networks.ts';

export type { PartFiles, SegmentFiles } from './networks.ts';

export const PACK_FORMAT = 'pirouette-pack';
export const PACK_VERSION = 1;

/** pack.json; what it says of each network is told by the table of networks. */
export type PackManifest = PackFacts & NetworkFiles;

interface PackFacts {
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
  readonly configs: NetworkConfigs & {
    /** How the image encoder wants its picture. */
    readonly imageProcessor?: ImageProcessorConfig;
  };
  readonly skeleton: { readonly limbWidth: number; readonly jointRadius: number };
  readonly defaults: {
    readonly width: number;
    readonly height: number;
    readonly steps: number;
    readonly guidance: number;
  };
  /** What the image encoder makes. */
  readonly imageTokens?: ImageTokens;
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
