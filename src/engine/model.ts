import { type Planes, planesOf } from '../layers/planes.ts';
import { resized } from '../layers/resample.ts';
import { outlineByPose } from '../layers/rough.ts';
import { paintedSize } from '../layers/sizes.ts';
import type { Pack } from '../pack/manifest.ts';
import { drawSkeleton } from '../pose/skeleton.ts';
import type { Pose } from '../pose/types.ts';
import type { Outline, RenderedFrame, RenderOptions } from './api.ts';
import type { Backend, LayerNetworks, Networks, Tensor } from './backend.ts';
import type { ClipProgress } from './clip.ts';
import { Denoiser } from './denoiser.ts';
import { DeviceLostError, NotReadyError, WrongInputError } from './errors.ts';
import { fitImage, fitOutline, fitPose, type Size, stretchPose } from './fit.ts';
import { Guides } from './guides.ts';
import { imagePixels } from './image-pixels.ts';
import { hasLayers } from './layers.ts';
import { toPlanes } from './planes.ts';
import { until } from './until.ts';

export interface HeldReference {
  readonly image: ImageBitmap;
  readonly pose: Pose;
  readonly outline?: Outline;
}

/** Networks compiled for one size, and what the denoiser keeps on the device for it. */
interface Compiled {
  readonly size: Size;
  readonly networks: Networks;
  readonly denoiser: Denoiser;
  /** What it looks at, and in which frame. */
  references: readonly HeldReference[];
  frame?: Size;
  /** What a retoucher will be shown of the first reference. */
  retouching?: { readonly photo: Tensor; readonly guides: Guides } | undefined;
}

/** A pack on a device. What depends on the size of the pictures is made when a frame first asks for that size. */
export class LoadedModel {
  readonly pack: Pack;
  readonly backend: Backend;
  readonly #loss = new AbortController();
  #compiled: Compiled | undefined;
  #layers: { readonly networks: LayerNetworks; reference?: HeldReference } | undefined;

  constructor(pack: Pack, backend: Backend) {
    this.pack = pack;
    this.backend = backend;
    backend.lost.then((reason) => this.#loss.abort(new DeviceLostError(reason)));
  }

  /** Aborts, with a DeviceLostError as its reason, when the device is lost. */
  get lost(): AbortSignal {
    return this.#loss.signal;
  }

  async compileFor(size: Size, signal?: AbortSignal): Promise<Compiled> {
    const { width, height } = size;
    if (this.#compiled?.size.width === width && this.#compiled.size.height === height) return this.#compiled;
    // Before the new ones are made: two sizes at once may be more than the device holds.
    this.#discard();
    const networks = await this.backend.build(this.pack, { width, height }, signal);
    const denoiser = new Denoiser(networks, this.pack.manifest, { width, height });
    this.#compiled = { size: { width, height }, networks, denoiser, references: [] };
    return this.#compiled;
  }

  async frame(
    references: readonly HeldReference[],
    pose: Pose,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<Omit<RenderedFrame, 'index'>> {
    const layers = await this.#layersFor(references, options, signal);
    if (layers !== undefined && options.steps === 0) return this.#moved(layers, pose, options, signal);
    const compiled = await this.#prepare(references, options, signal);
    const started = performance.now();
    const skeleton = this.#skeleton(this.#placed(pose, options, compiled.size));
    const latents = await compiled.denoiser.denoise(skeleton, options, signal);
    return this.#finish({ ...compiled, layers }, latents, pose, options, started, signal);
  }

  /** The frames of a clip that motion modules join, from a number on; those before it are painted and not shown. */
  async *clip(
    references: readonly HeldReference[],
    poses: readonly Pose[],
    options: RenderOptions,
    signal: AbortSignal,
    from: number,
    onProgress?: (progress: ClipProgress) => void,
  ): AsyncGenerator<RenderedFrame> {
    const layers = await this.#layersFor(references, options, signal);
    const compiled = { ...(await this.#prepare(references, options, signal)), layers };
    const { denoiser, size } = compiled;
    const skeletonOf = (frame: number) => this.#skeleton(this.#placed(poses[frame] as Pose, options, size));
    let started = performance.now();
    const frames = denoiser.denoiseClip(poses.length, skeletonOf, options, signal, onProgress);
    for await (const { frame, latents } of frames) {
      try {
        if (frame < from) continue;
        const pose = poses[frame] as Pose;
        yield { index: frame, ...(await this.#finish(compiled, latents, pose, options, started, signal)) };
      } finally {
        latents.dispose();
      }
      started = performance.now();
    }
  }

  /** From clean latents to a picture; `started` is when the first of what made them was issued. */
  async #finish(
    compiled: Compiled & { readonly layers?: LayerNetworks | undefined },
    latents: Tensor,
    pose: Pose,
    options: RenderOptions,
    started: number,
    signal: AbortSignal,
  ): Promise<Omit<RenderedFrame, 'index'>> {
    const { networks, layers } = compiled;
    // Nothing waits here: what was issued goes on while the next is issued, and each stage ends when the device says so.
    const denoised = moment(networks);
    const decoded = await networks.decode(latents);
    const made = moment(networks);
    const picture = await (layers
      ? layered(layers, fitPose(pose, options), decoded)
      : this.#retouched(compiled, decoded, pose, options));
    try {
      const shown = layers ? this.#imageOf(picture, layers.size) : networks.toImage(picture);
      const image = await until(closedUnlessWanted(shown, signal), signal);
      const ended = performance.now();
      const [denoisedAt, madeAt] = await Promise.all([denoised, made]);
      const retouchMs = picture === decoded ? 0 : ended - madeAt;
      return { image, timings: { denoiseMs: denoisedAt - started, decodeMs: ended - denoisedAt, retouchMs } };
    } finally {
      picture.dispose();
    }
  }

  /** A frame of the layers alone. */
  async #moved(
    layers: LayerNetworks,
    pose: Pose,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<Omit<RenderedFrame, 'index'>> {
    const started = performance.now();
    const picture = await layers.frame(fitPose(pose, options));
    try {
      const image = await until(closedUnlessWanted(this.#imageOf(picture, layers.size), signal), signal);
      const decodeMs = performance.now() - started;
      return { image, timings: { denoiseMs: 0, decodeMs, retouchMs: decodeMs } };
    } finally {
      picture.dispose();
    }
  }

  async #imageOf(picture: Tensor, { width, height }: Size): Promise<ImageBitmap> {
    const pixels = await this.backend.pixels?.(picture);
    if (pixels === undefined) throw new Error('This backend has layers and gives no pixels.');
    return createImageBitmap(new ImageData(pixels, width, height));
  }

  #isLayered({ layers = true, retouch = true }: RenderOptions): boolean {
    return layers && retouch && hasLayers(this.pack.manifest) && this.backend.buildLayers !== undefined;
  }

  /** The size at which frames of another size are painted. */
  paintedSize(size: Size): Size {
    const { manifest } = this.pack;
    return hasLayers(manifest) ? paintedSize(size, manifest.defaults) : size;
  }

  /** A pose where it is painted: inside the result's frame first, so that what is painted can be laid over that. */
  #placed(pose: Pose, options: RenderOptions, size: Size): Pose {
    return this.#isLayered(options) ? stretchPose(fitPose(pose, options), size) : fitPose(pose, size);
  }

  /** The layers' networks for these options, looking at the first reference; undefined where they are not to be used. */
  async #layersFor(
    references: readonly HeldReference[],
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<LayerNetworks | undefined> {
    const { pack, backend } = this;
    const [first] = references;
    if (!this.#isLayered(options) || !backend.buildLayers || !first) return undefined;
    const { width, height } = options;
    const size = { width, height };
    if (this.#layers?.networks.size.width !== width || this.#layers.networks.size.height !== height) {
      this.#layers?.networks.dispose();
      this.#layers = undefined;
      this.#layers = { networks: await backend.buildLayers(pack, size, signal) };
    }
    const made = this.#layers;
    if (made.reference !== first) {
      const pose = fitPose(first.pose, size);
      const outline = first.outline ? fitOutline(first.outline, first.image, size) : outlineByPose(pose);
      await made.networks.setPhoto({ photo: photoPlanes(first.image, size), outline, pose });
      made.reference = first;
    }
    return made.networks;
  }

  /** Networks for this size, which have looked at these references. */
  async #prepare(
    references: readonly HeldReference[],
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<Compiled> {
    if (references.length === 0) {
      throw new NotReadyError('There is no reference to render from.', 'Set a reference photo first.');
    }
    if (options.steps < 1) {
      throw new WrongInputError('A frame of no steps was asked for.', 'Ask for one step or more.');
    }
    const frame = { width: options.width, height: options.height };
    const isLayered = this.#isLayered(options);
    const compiled = await this.compileFor(isLayered ? this.paintedSize(frame) : frame, signal);
    const { networks, denoiser, size } = compiled;
    const { width, height } = compiled.frame ?? {};
    if (compiled.references !== references || width !== frame.width || height !== frame.height) {
      const { imageProcessor, retoucher } = this.pack.manifest.configs;
      const planes = references.map((reference) => ({
        image: resized(photoPlanes(reference.image, frame), size).data,
        skeleton: this.#skeleton(this.#placed(reference.pose, options, size)),
        ...(imageProcessor && { pixels: imagePixels(reference.image, imageProcessor) }),
      }));
      await denoiser.setReferences(planes);
      compiled.retouching?.photo.dispose();
      compiled.retouching = undefined;
      const [photo, first] = [planes[0]?.image, references[0]];
      if (retoucher && photo && first) {
        const guides = new Guides(photo, fitPose(first.pose, size), size);
        compiled.retouching = { photo: networks.upload(photo, shapeOf(photo, size)), guides };
      }
      compiled.references = references;
      compiled.frame = frame;
    }
    return compiled;
  }

  /** The frame with the photo's detail where that is wanted and the pack can do it; else the frame itself. */
  async #retouched(
    { networks, retouching, size }: Compiled,
    decoded: Tensor,
    pose: Pose,
    { retouch = true }: RenderOptions,
  ): Promise<Tensor> {
    if (!retouch || retouching === undefined) return decoded;
    const held = [decoded];
    const { photo, guides } = retouching;
    const upload = (planes: Float32Array): Tensor => {
      const tensor = networks.upload(planes, shapeOf(planes, size));
      held.push(tensor);
      return tensor;
    };
    try {
      const { torso, limbs, nearness } = guides.for(fitPose(pose, size));
      return await networks.retouch({
        frame: decoded,
        photo,
        torso: upload(torso),
        limbs: upload(limbs),
        nearness: upload(nearness),
      });
    } finally {
      for (const tensor of held) tensor.dispose();
    }
  }

  dispose(): void {
    this.#layers?.networks.dispose();
    this.#layers = undefined;
    this.#discard();
    this.backend.dispose();
  }

  #discard(): void {
    this.#compiled?.retouching?.photo.dispose();
    this.#compiled?.denoiser.dispose();
    this.#compiled?.networks.dispose();
    this.#compiled = undefined;
  }

  #skeleton(pose: Pose): Float32Array {
    return toPlanes(drawSkeleton(pose, this.pack.manifest.skeleton), 1 / 255, 0);
  }
}

const photoPlanes = (image: ImageBitmap, size: Size): Planes =>
  planesOf(size, 3, toPlanes(fitImage(image, size), 1 / 127.5, -1));

/** The layers over a frame, which is then let go. */
async function layered(layers: LayerNetworks, pose: Pose, painted: Tensor): Promise<Tensor> {
  try {
    return await layers.frame(pose, painted);
  } finally {
    painted.dispose();
  }
}

/** When the device has done all that was asked of it until now. */
function moment(networks: Networks): Promise<number> {
  const at = networks.done().then(() => performance.now());
  at.catch(() => undefined);
  return at;
}

/** A picture that comes after the signal is nobody's. */
function closedUnlessWanted(image: Promise<ImageBitmap>, signal: AbortSignal): Promise<ImageBitmap> {
  image.then(
    (late) => signal.aborted && late.close(),
    () => undefined,
  );
  return image;
}

/** Of planes that lie one after another. */
function shapeOf(planes: Float32Array, { width, height }: Size): number[] {
  return [1, planes.length / (width * height), height, width];
}
