import type { Planes } from '../layers/planes.ts';
import type { RETOUCHER_INPUTS } from '../onnx/retoucher.ts';
import type { Pack } from '../pack/manifest.ts';
import type { Pose } from '../pose/types.ts';
import type { StepCoefficients } from '../scd/ddim.ts';
import type { BackendKind } from './api.ts';

/**
 * What the denoiser needs of a device. Everything between `upload` and `toImage` stays on the device: on WebGPU
 * nothing is read back between two steps.
 *
 * Ownership: whoever receives a Tensor or a Memory disposes it, unless a method says otherwise. Tensors are f32 or
 * f16 on the device; their values cross this interface as f32.
 */
export interface Tensor {
  readonly shape: readonly number[];
  dispose(): void;
}

/** Keys and values of every self-attention, kept from one or more reference passes, side by side. */
export interface Memory {
  dispose(): void;
}

export interface Evaluation {
  /** [1, channels, height, width] */
  readonly sample: Tensor;
  /** The pose encoder's features, or null for zeros. */
  readonly pose: Tensor | null;
  readonly timestep: number;
  /** Tokens for cross-attention; null for a U-Net without it, or for zero tokens. */
  readonly context?: Tensor | null;
  /** The reference that self-attention sees beside its own tokens. */
  readonly memory?: Memory;
}

/** A decoded frame and what the retoucher sees beside it (see guides.ts); they stay the caller's. */
export type RetouchInputs = Readonly<Record<keyof typeof RETOUCHER_INPUTS, Tensor>>;

/** The pack's networks, compiled for one image size. */
export interface Networks {
  upload(values: Float32Array, shape: readonly number[]): Tensor;
  /** Waits for the device; for tests, checks and latents that must outlive a device. */
  download(tensor: Tensor): Promise<Float32Array>;

  /** A drawn skeleton, [1, 3, height, width] in [0, 1], to features. */
  encodePose(skeleton: Tensor): Promise<Tensor>;
  /** An image, [1, 3, height, width] in [-1, 1], to latents as the U-Net sees them. */
  encodeImage(image: Tensor): Promise<Tensor>;
  /** A picture preprocessed for the image encoder to the tokens that cross-attention reads. Its weights are let go. */
  encodeTokens(pixels: Tensor): Promise<Tensor>;
  /** Latents to an image in [-1, 1], not clamped. */
  decode(latents: Tensor): Promise<Tensor>;
  /** A decoded frame with the photo's own detail; only for a pack that has a retoucher. */
  retouch(pictures: RetouchInputs): Promise<Tensor>;

  /** RGBA bytes of a decoded image, read back. */
  toPixels(image: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>>;
  /**
   * A decoded image, drawn without leaving the device where the device can draw.
   * Like `toPixels`, rejects with NotFiniteError when the network's numbers overflowed on the way.
   */
  toImage(image: Tensor): Promise<ImageBitmap>;

  /**
   * The U-Net's prediction. The mutual variant brings samples twice as wide as the latents; a backend that compiles
   * for fixed shapes may compile for that one at its first use.
   */
  evaluate(evaluation: Evaluation): Promise<Tensor>;
  /** Those of several samples of one size: side by side where memory allows, with the same results. */
  evaluateAll(evaluations: readonly Evaluation[]): Promise<Tensor[]>;
  /**
   * Those of the frames of a clip, in their order, which motion modules join. They are of one time step and see the same
   * memory and context. Only for a pack that has motion modules, and for no more frames than these see at once.
   */
  evaluateClip(evaluations: readonly Evaluation[]): Promise<Tensor[]>;
  /**
   * The reference pass: attends to itself; what every later evaluation may see. Where the pack has a reference net it is
   * that one's pass, whose weights are let go.
   */
  remember(references: readonly Omit<Evaluation, 'memory'>[]): Promise<Memory>;

  /** One DDIM update, by the formula beside StepCoefficients. */
  step(sample: Tensor, prediction: Tensor, coefficients: StepCoefficients, noise?: Tensor): Tensor;
  /** unconditional + scale * (conditional - unconditional) */
  guide(unconditional: Tensor, conditional: Tensor, scale: number): Tensor;
  /** a * x + b * y */
  mix(a: number, x: Tensor, b: number, y: Tensor): Tensor;
  /** mask * x + (1 - mask) * y; the mask has as many channels as they, or one for all. */
  blend(mask: Tensor, x: Tensor, y: Tensor): Tensor;
  /** A picture read through a flow: see operations.ts. */
  warp(picture: Tensor, flow: Tensor): Tensor;
  /** Two tensors side by side along the width, and the right half of one: for the mutual variant. */
  beside(left: Tensor, right: Tensor): Tensor;
  rightHalf(tensor: Tensor): Tensor;

  /** When the device has done all that it was asked for until now; what went wrong is told with the picture. */
  done(): Promise<void>;
  dispose(): void;
}

/** A photo as the layers take it: at the results' size, with its person's rough outline in [0, 1] and pose. */
export interface LayeredPhoto {
  readonly photo: Planes;
  readonly outline: Planes;
  readonly pose: Pose;
}

/** The networks that move what a photo shows (see layers/), for results of one size. */
export interface LayerNetworks {
  readonly size: { readonly width: number; readonly height: number };
  /** Everything that depends on the photo alone. */
  setPhoto(photo: LayeredPhoto): Promise<void>;
  /**
   * A frame of that size in another pose. Of `painted`, a frame in this pose at any size, what the photo does not show is
   * taken; it stays the caller's.
   */
  frame(pose: Pose, painted?: Tensor): Promise<Tensor>;
  dispose(): void;
}

export interface Backend {
  readonly kind: BackendKind;
  readonly precision: 'f16' | 'f32';
  /** The adapter's name, or the processor in words. */
  readonly device: string;
  readonly threads: number;
  /** The most bytes that the device binds as one, where it says so. */
  readonly largestTensor?: number;
  /** Reads the pack one file at a time and compiles its networks for images of this size (multiples of 64). */
  build(
    pack: Pack,
    size: { readonly width: number; readonly height: number },
    signal?: AbortSignal,
  ): Promise<Networks>;
  /** Only for a pack that has all of the layers' networks. */
  buildLayers?(
    pack: Pack,
    size: { readonly width: number; readonly height: number },
    signal?: AbortSignal,
  ): Promise<LayerNetworks>;
  /** RGBA bytes of a picture of any size; rejects with NotFiniteError where it is not all numbers. */
  pixels?(picture: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>>;
  /** Resolves when the device is lost, with the reason; never for a backend that cannot be lost. */
  readonly lost: Promise<string>;
  dispose(): void;
}
