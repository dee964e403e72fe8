import { PoseLandmarker, type PoseLandmarkerResult } from '@mediapipe/tasks-vision';
import { PoseDetectionError, PoseModelError } from './errors.ts';
import { poseFromLandmarks } from './landmarks.ts';
import { columnsOf, inWholeRows, type PoseSource, sizeOf } from './picture.ts';
import { startTask } from './runtime.ts';
import type { Pose } from './types.ts';

export type PoseModel = 'lite' | 'full' | 'heavy';

export interface DetectorOptions {
  /** Where the bundles and MediaPipe's runtime lie: an absolute URL that ends in a slash. */
  readonly assets: string;
  readonly model: PoseModel;
  /** A PoseLandmarker bundle of the person's own, in place of `model`. */
  readonly bundle?: Blob;
  /**
   * 'image' looks at every picture afresh, 'outline' does so and finds each person's outline as well; 'video' follows
   * people from one picture to the next, and is faster.
   */
  readonly mode: 'image' | 'outline' | 'video';
  /** How many people to look for. With one, MediaPipe smooths a video by itself; with more, it does not. */
  readonly people: number;
  readonly delegate: 'CPU' | 'GPU';
}

/** How surely each pixel of a picture belongs to a person: 0 to 255. */
export interface Outline {
  readonly width: number;
  readonly height: number;
  readonly alpha: Uint8Array<ArrayBuffer>;
}

export interface Outlined {
  readonly pose: Pose;
  readonly outline: Outline;
}

/** MediaPipe's PoseLandmarker, speaking in OpenPose's joints. */
export class PoseDetector {
  private lastTime = Number.NEGATIVE_INFINITY;

  private constructor(
    private readonly landmarker: PoseLandmarker,
    private readonly mode: DetectorOptions['mode'],
    readonly delegate: DetectorOptions['delegate'],
  ) {}

  /** Ready to run at full speed: the first detection, in which memory is laid out, is already done. */
  static async create(options: DetectorOptions): Promise<PoseDetector> {
    const bundle = await loadBundle(options);
    try {
      return await PoseDetector.start(options, bundle, options.delegate);
    } catch (error) {
      if (options.delegate === 'CPU') throw error;
      return PoseDetector.start(options, bundle, 'CPU');
    }
  }

  private static async start(
    { assets, mode, people }: DetectorOptions,
    bundle: Uint8Array,
    delegate: DetectorOptions['delegate'],
  ): Promise<PoseDetector> {
    const runtime = new URL('wasm/vision_wasm_module_internal', assets).href;
    try {
      const landmarker = await startTask(
        PoseLandmarker,
        { loader: `${runtime}.js`, binary: `${runtime}.wasm` },
        {
          baseOptions: { modelAssetBuffer: bundle, delegate },
          runningMode: mode === 'video' ? 'VIDEO' : 'IMAGE',
          numPoses: people,
          outputSegmentationMasks: mode === 'outline',
        },
      );
      const detector = new PoseDetector(landmarker, mode, delegate);
      detector.detect(new ImageData(64, 64), 0);
      return detector;
    } catch (error) {
      throw new PoseModelError(assets, reason(error), { cause: error });
    }
  }

  /** Everybody in the picture. `timeMs`, for videos, only has to grow; a jump back is taken for another clip. */
  detect(source: PoseSource, timeMs: number): Pose[] {
    const result = this.look(source, timeMs);
    for (const mask of result.segmentationMasks ?? []) mask.close();
    return posesOf(result, source);
  }

  /** Everybody in the picture, with their outlines; only in the mode of that name. */
  outline(source: PoseSource): Outlined[] {
    const { width } = sizeOf(source);
    const picture = inWholeRows(source);
    const result = this.look(picture, 0);
    const poses = posesOf(result, picture, width);
    return (result.segmentationMasks ?? []).flatMap((mask, index) => {
      const alpha = columnsOf(mask.getAsFloat32Array(), mask.width, width);
      mask.close();
      const pose = poses[index];
      return pose ? [{ pose, outline: { width, height: mask.height, alpha } }] : [];
    });
  }

  private look(source: PoseSource, timeMs: number): PoseLandmarkerResult {
    try {
      return this.mode === 'video' ? this.follow(source, timeMs) : this.landmarker.detect(source);
    } catch (error) {
      throw new PoseDetectionError(reason(error), { cause: error });
    }
  }

  private follow(source: PoseSource, timeMs: number): PoseLandmarkerResult {
    // MediaPipe refuses times that do not grow.
    this.lastTime = Math.max(timeMs, this.lastTime + 1);
    return this.landmarker.detectForVideo(source, this.lastTime);
  }

  close(): void {
    this.landmarker.close();
  }
}

async function loadBundle({ assets, model, bundle }: DetectorOptions): Promise<Uint8Array> {
  if (bundle) return new Uint8Array(await bundle.arrayBuffer());
  const url = new URL(`pose_landmarker_${model}.task`, assets).href;
  const download = downloads.get(url) ?? fetchBundle(url);
  downloads.set(url, download);
  return download.finally(() => downloads.delete(url));
}

/**
 * Downloads in flight: detectors that start together share one. Asked twice at once for a file this large, Chromium
 * may fail the second request with ERR_CACHE_WRITE_FAILURE.
 */
const downloads = new Map<string, Promise<Uint8Array>>();

async function fetchBundle(url: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new PoseModelError(url, reason(error), { cause: error });
  }
}

/** `width`: how much of a picture that was widened is the picture itself. */
function posesOf(result: PoseLandmarkerResult, source: PoseSource, width = sizeOf(source).width): Pose[] {
  const size = sizeOf(source);
  const stretch = size.width / width;
  return result.landmarks.map((landmarks) =>
    poseFromLandmarks(
      landmarks.map(({ x, y, visibility }) => ({ x: x * stretch, y, visibility })),
      width,
      size.height,
    ),
  );
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));
