import type { PackManifest, PackProgress, PackSource } from '../pack/manifest.ts';
import type { Pose } from '../pose/types.ts';

export type BackendKind = 'webgpu' | 'wasm';

export interface LoadOptions {
  /** 'auto' takes WebGPU where the device passes its self-check, else WASM. */
  readonly backend?: 'auto' | BackendKind;
  /** 'auto' computes in f16 where both pack and device have it. */
  readonly precision?: 'auto' | 'f16' | 'f32';
  /** Threads of the WASM backend; 0 or missing: as many as help. */
  readonly threads?: number;
  /** Of the first frames: a GPU's code is compiled for one size. Missing: what the pack was made for. */
  readonly size?: { readonly width: number; readonly height: number };
}

export interface Reference {
  readonly image: ImageBitmap;
  /** The person's joints in that image's pixels. */
  readonly pose: Pose;
  /** The person's rough outline, of the whole image at any size; without it a guess is made by the joints. */
  readonly outline?: Outline;
}

/** One byte a pixel, 255 inside. */
export interface Outline {
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array;
}

export interface RenderOptions {
  /** Pixels, multiples of 64. The pose and the references are scaled to it, aspect ratio kept, letterboxed. */
  readonly width: number;
  readonly height: number;
  /** 0, for a pack with layers: nothing is painted, what the photo does not show is the mover's guess. */
  readonly steps: number;
  readonly seed: number;
  /** 1 means no guidance: a single evaluation a step. */
  readonly guidance: number;
  /** DDIM's eta; 0 is deterministic. */
  readonly eta?: number;
  /** Start from the last frame's clean latent, noised to this strength in 0..1, in place of pure noise. */
  readonly fromLastFrame?: { readonly strength: number };
  /** 'causal' caches the reference pass; 'mutual' runs both side by side in one pass (SCD-dagger). */
  readonly interaction?: 'causal' | 'mutual';
  /** Off: the ablation in which the reference's own pose is not shown to the network. */
  readonly referencePose?: boolean;
  /**
   * Frames of `animate` are joined by the pack's motion modules. Missing: where these came with the weights; a pack's own
   * small ones have to be asked for. A frame takes longer, and the first ones come after a window of them.
   */
  readonly motion?: boolean;
  /** Of frames that are joined: the first one's number in a film whose beginning was painted before, for its noise. */
  readonly firstFrame?: number;
  /** Of frames that are joined: how many two windows share, and whether the last window goes round to the first frames. */
  readonly windows?: { readonly overlap?: number; readonly order?: 'uniform' | 'sliding' };
  /** Off: frames as the decoder makes them, where the pack has a retoucher that gives them the photo's detail. */
  readonly retouch?: boolean;
  /**
   * Off: the whole frame is painted. Where the pack has layers, what the photo shows is moved instead, at the size that is
   * asked for; the painting is then of the pack's own size.
   */
  readonly layers?: boolean;
}

export interface FrameTimings {
  readonly denoiseMs: number;
  /** Retouching, or the layers, included. */
  readonly decodeMs: number;
  readonly retouchMs: number;
}

export interface RenderedFrame {
  readonly index: number;
  /** Belongs to the receiver, who closes it. */
  readonly image: ImageBitmap;
  readonly timings: FrameTimings;
}

export interface EngineInfo {
  readonly manifest: PackManifest;
  /** Of results, unless another is asked for: the pack's own, or larger where its layers make that cheap. */
  readonly size: { readonly width: number; readonly height: number };
  readonly backend: BackendKind;
  readonly precision: 'f16' | 'f32';
  /** The GPU adapter's name, or the number of WASM threads in words. */
  readonly device: string;
  readonly threads: number;
  /** Set where the frames of `animate` are joined unless told otherwise: then a frame is no function of its pose alone. */
  readonly joinsFrames?: true;
  /** What the person should know: a fallback taken, and what it costs. */
  readonly notices: readonly string[];
}

/** Something the engine did on its own that the person should see: a rebuilt device, a fall back to f32, ... */
export type EngineNotice = (notice: string) => void;

/**
 * The engine, in process or behind a worker: both implement this interface. One job runs at a time; a call made
 * meanwhile waits for its turn. Errors are named subclasses of PirouetteError.
 */
export interface EngineApi {
  load(
    source: PackSource,
    options: LoadOptions,
    onProgress?: (progress: PackProgress) => void,
  ): Promise<EngineInfo>;
  onNotice(listener: EngineNotice): void;
  /** Several references of the same person put their keys and values side by side. The bitmaps stay the caller's. */
  setReferences(references: readonly Reference[]): Promise<void>;
  renderFrame(pose: Pose, options: RenderOptions): Promise<RenderedFrame>;
  /**
   * Renders the poses in order. The next frame starts only when `onFrame` has resolved: back-pressure. Resolves with
   * the number of finished frames; rejects with CancelledError when cancelled. `onProgress` hears of each window of frames
   * that are joined, over all steps. With `from`, those before it are not handed out: they were before.
   */
  animate(
    poses: readonly Pose[],
    options: RenderOptions,
    onFrame: (frame: RenderedFrame) => Promise<void> | void,
    onProgress?: (progress: { readonly done: number; readonly total: number }) => void,
    from?: number,
  ): Promise<number>;
  /** Stops the running job within one denoising step; the engine stays loaded. */
  cancel(): Promise<void>;
  info(): Promise<EngineInfo | undefined>;
  dispose(): Promise<void>;
}

/** The engine as its worker offers it. */
export interface EngineService extends EngineApi {
  /** Called every few seconds for as long as the worker lives and is not deep in a computation. */
  onSignOfLife(listener: () => void): void;
}
