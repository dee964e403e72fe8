import type { Pack } from '../pack/manifest.ts';
import { drawSkeleton } from '../pose/skeleton.ts';
import type { Pose } from '../pose/types.ts';
import type { RenderedFrame, RenderOptions } from './api.ts';
import type { Backend, Networks, Tensor } from './backend.ts';
import type { ClipProgress } from './clip.ts';
import { Denoiser } from './denoiser.ts';
import { DeviceLostError, NotReadyError } from './errors.ts';
import { fitImage, fitPose, type Size } from './fit.ts';
import { Guides } from './guides.ts';
import { imagePixels } from './image-pixels.ts';
import { toPlanes } from './planes.ts';
import { until } from './until.ts';

export interface HeldReference {
  readonly image: ImageBitmap;
  readonly pose: Pose;
}

type GuidePictures = ReturnType<Guides['for']>;

interface Drawing {
  readonly pose: Pose;
  readonly skeleton: Float32Array;
  /** Where the frame is to be retouched; they are pieces of the photo that `from` holds. */
  readonly guides: GuidePictures | undefined;
  readonly from: Guides | undefined;
}

/** Networks compiled for one size, and what the denoiser keeps on the device for it. */
interface Compiled {
  readonly size: Size;
  readonly networks: Networks;
  readonly denoiser: Denoiser;
  references: readonly HeldReference[];
  /** Of the frame at hand and the next one. */
  drawn: readonly Drawing[];
  /** What a retoucher will be shown of the first reference. */
  retouching?: { readonly photo: Tensor; readonly guides: Guides } | undefined;
}

/** A pack on a device. What depends on the size of the pictures is made when a frame first asks for that size. */
export class LoadedModel {
  readonly pack: Pack;
  readonly backend: Backend;
  readonly #loss = new AbortController();
  #compiled: Compiled | undefined;

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
    this.#compiled = { size: { width, height }, networks, denoiser, references: [], drawn: [] };
    return this.#compiled;
  }

  async frame(
    references: readonly HeldReference[],
    pose: Pose,
    options: RenderOptions,
    signal: AbortSignal,
    next?: Pose,
  ): Promise<Omit<RenderedFrame, 'index'>> {
    const compiled = await this.#prepare(references, options, signal);
    const started = performance.now();
    const { skeleton } = this.#draw(compiled, pose, options);
    const latents = await compiled.denoiser.denoise(skeleton, options, signal);
    return this.#finish(compiled, latents, pose, options, started, signal, next);
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
    const compiled = await this.#prepare(references, options, signal);
    const { denoiser, size } = compiled;
    const skeletonOf = (frame: number) => this.#skeleton(poses[frame] as Pose, size);
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
    compiled: Compiled,
    latents: Tensor,
    pose: Pose,
    options: RenderOptions,
    started: number,
    signal: AbortSignal,
    next?: Pose,
  ): Promise<Omit<RenderedFrame, 'index'>> {
    const { networks } = compiled;
    // Nothing waits here: what was issued goes on while the next is issued, and each stage ends when the device says so.
    const denoised = moment(networks);
    const decoded = await networks.decode(latents);
    const made = moment(networks);
    const picture = await this.#retouched(compiled, decoded, pose, options);
    try {
      const drawing = closedUnlessWanted(networks.toImage(picture), signal);
      // All is issued: while the device computes this frame, the processor draws for the next one.
      if (next) this.#draw(compiled, next, options);
      const image = await until(drawing, signal);
      const ended = performance.now();
      const [denoisedAt, madeAt] = await Promise.all([denoised, made]);
      const retouchMs = picture === decoded ? 0 : ended - madeAt;
      return { image, timings: { denoiseMs: denoisedAt - started, decodeMs: ended - denoisedAt, retouchMs } };
    } finally {
      compiled.drawn = compiled.drawn.filter(({ pose: drawn }) => drawn === next);
      picture.dispose();
    }
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
    const compiled = await this.compileFor(options, signal);
    const { networks, denoiser, size } = compiled;
    if (compiled.references !== references) {
      const { imageProcessor, retoucher } = this.pack.manifest.configs;
      const planes = references.map((reference) => ({
        image: toPlanes(fitImage(reference.image, size), 1 / 127.5, -1),
        skeleton: this.#skeleton(reference.pose, size),
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
    }
    return compiled;
  }

  /** The frame with the photo's detail where that is wanted and the pack can do it; else the frame itself. */
  async #retouched(compiled: Compiled, decoded: Tensor, pose: Pose, options: RenderOptions): Promise<Tensor> {
    const { networks, retouching, size } = compiled;
    if (options.retouch === false || retouching === undefined) return decoded;
    const held = [decoded];
    const { photo } = retouching;
    const upload = (planes: Float32Array): Tensor => {
      const tensor = networks.upload(planes, shapeOf(planes, size));
      held.push(tensor);
      return tensor;
    };
    try {
      const { torso, limbs, nearness } = this.#draw(compiled, pose, options).guides as GuidePictures;
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
    this.#discard();
    this.backend.dispose();
  }

  #discard(): void {
    this.#compiled?.retouching?.photo.dispose();
    this.#compiled?.denoiser.dispose();
    this.#compiled?.networks.dispose();
    this.#compiled = undefined;
  }

  /** What the networks are shown of a pose; the last ones are remembered, since one is drawn ahead of its frame. */
  #draw(compiled: Compiled, pose: Pose, { retouch = true }: RenderOptions): Drawing {
    const { size, retouching } = compiled;
    const asked = retouch ? retouching?.guides : undefined;
    const known = compiled.drawn.find((each) => each.pose === pose && each.from === asked);
    if (known) return known;
    const drawing: Drawing = {
      pose,
      from: asked,
      skeleton: this.#skeleton(pose, size),
      guides: asked?.for(fitPose(pose, size)),
    };
    compiled.drawn = [...compiled.drawn.slice(-1), drawing];
    return drawing;
  }

  #skeleton(pose: Pose, size: Size): Float32Array {
    return toPlanes(drawSkeleton(fitPose(pose, size), this.pack.manifest.skeleton), 1 / 255, 0);
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
