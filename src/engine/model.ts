import { CancelledError } from '../errors.ts';
import { type Planes, planesOf } from '../layers/planes.ts';
import { resized } from '../layers/resample.ts';
import { outlineByPose } from '../layers/rough.ts';
import { paintedSize } from '../layers/sizes.ts';
import type { Pack } from '../pack/manifest.ts';
import { drawSkeleton } from '../pose/skeleton.ts';
import type { Pose } from '../pose/types.ts';
import type { Outline, RenderedFrame, RenderOptions } from './api.ts';
import type { Backend, LayerNetworks, Networks, Tensor } from './backend.ts';
import { Denoiser } from './denoiser.ts';
import { DeviceLostError, NotReadyError, WrongInputError } from './errors.ts';
import { fitImage, fitOutline, fitPose, type Size, stretchPose } from './fit.ts';
import { Guides } from './guides.ts';
import { imagePixels } from './image-pixels.ts';
import { hasLayers } from './layers.ts';
import { toPlanes } from './planes.ts';

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

/** A frame as the networks paint it. */
interface Painted {
  readonly picture: Tensor;
  readonly networks: Networks;
  readonly denoiseMs: number;
  readonly decodeMs: number;
  readonly retouchMs: number;
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

  /** The size at which frames of another size are painted. */
  paintedSize(size: Size): Size {
    const { manifest } = this.pack;
    return hasLayers(manifest) ? paintedSize(size, manifest.defaults) : size;
  }

  async frame(
    references: readonly HeldReference[],
    pose: Pose,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<Omit<RenderedFrame, 'index'>> {
    if (references.length === 0) {
      throw new NotReadyError('There is no reference to render from.', 'Set a reference photo first.');
    }
    const layers = await this.#layersFor(references, options, signal);
    if (layers === undefined && options.steps < 1) {
      throw new WrongInputError('A frame of no steps was asked for.', 'Ask for one step or more.');
    }
    const painted = options.steps > 0 ? await this.#paint(references, pose, options, signal) : undefined;
    const began = performance.now();
    let picture = painted?.picture;
    try {
      if (layers !== undefined) {
        if (signal.aborted) throw new CancelledError();
        picture = await layers.frame(fitPose(pose, options), painted?.picture);
      }
      const image = await (layers
        ? this.#imageOf(picture as Tensor, layers.size)
        : (painted as Painted).networks.toImage(picture as Tensor));
      const restMs = performance.now() - began;
      const { denoiseMs = 0, decodeMs = 0, retouchMs = 0 } = painted ?? {};
      const layersMs = layers === undefined ? 0 : restMs;
      return { image, timings: { denoiseMs, decodeMs: decodeMs + restMs, retouchMs: retouchMs + layersMs } };
    } finally {
      painted?.picture.dispose();
      if (picture !== painted?.picture) picture?.dispose();
    }
  }

  async #imageOf(picture: Tensor, { width, height }: Size): Promise<ImageBitmap> {
    const pixels = await this.backend.pixels?.(picture);
    if (pixels === undefined) throw new Error('This backend has layers and gives no pixels.');
    return createImageBitmap(new ImageData(pixels, width, height));
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

  /** A frame by the denoiser alone, decoded, and retouched where that is wanted and the pack has no layers. */
  async #paint(
    references: readonly HeldReference[],
    pose: Pose,
    options: RenderOptions,
    signal: AbortSignal,
  ): Promise<Painted> {
    const frame = { width: options.width, height: options.height };
    const isLayered = this.#isLayered(options);
    const compiled = await this.compileFor(isLayered ? this.paintedSize(frame) : frame, signal);
    const { networks, denoiser, size } = compiled;
    // Inside the result's frame first: the painting is laid over it, so that both have to be of one shape.
    const placed = (of: Pose): Pose =>
      isLayered ? stretchPose(fitPose(of, frame), size) : fitPose(of, frame);
    const isSeen =
      compiled.references === references &&
      compiled.frame?.width === frame.width &&
      compiled.frame.height === frame.height;
    if (!isSeen) {
      const { imageProcessor, retoucher } = this.pack.manifest.configs;
      const planes = references.map((reference) => ({
        image: resized(photoPlanes(reference.image, frame), size).data,
        skeleton: this.#skeleton(placed(reference.pose)),
        ...(imageProcessor && { pixels: imagePixels(reference.image, imageProcessor) }),
      }));
      await denoiser.setReferences(planes);
      compiled.retouching?.photo.dispose();
      compiled.retouching = undefined;
      const [photo, first] = [planes[0]?.image, references[0]];
      if (retoucher && photo && first) {
        const guides = new Guides(photo, placed(first.pose), size);
        compiled.retouching = { photo: networks.upload(photo, shapeOf(photo, size)), guides };
      }
      compiled.references = references;
      compiled.frame = frame;
    }
    const started = performance.now();
    const latents = await denoiser.denoise(this.#skeleton(placed(pose)), options, signal);
    const denoised = performance.now();
    const { retouch = true } = options;
    const { picture, retouchMs } = await this.#picture(
      compiled,
      latents,
      placed(pose),
      retouch && !isLayered,
    );
    const decodeMs = performance.now() - denoised;
    return { picture, networks, denoiseMs: denoised - started, decodeMs, retouchMs };
  }

  #isLayered({ layers = true, retouch = true }: RenderOptions): boolean {
    return layers && retouch && hasLayers(this.pack.manifest) && this.backend.buildLayers !== undefined;
  }

  /** A frame decoded, and retouched where that is wanted and the pack can do it. */
  async #picture(
    { networks, retouching, size }: Compiled,
    latents: Tensor,
    pose: Pose,
    retouch: boolean,
  ): Promise<{ picture: Tensor; retouchMs: number }> {
    const decoded = await networks.decode(latents);
    if (!retouch || retouching === undefined) return { picture: decoded, retouchMs: 0 };
    const began = performance.now();
    const held = [decoded];
    const { photo, guides } = retouching;
    const upload = (planes: Float32Array): Tensor => {
      const tensor = networks.upload(planes, shapeOf(planes, size));
      held.push(tensor);
      return tensor;
    };
    try {
      const { torso, limbs, nearness } = guides.for(pose);
      const picture = await networks.retouch({
        frame: decoded,
        photo,
        torso: upload(torso),
        limbs: upload(limbs),
        nearness: upload(nearness),
      });
      return { picture, retouchMs: performance.now() - began };
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

/** Of planes that lie one after another. */
function shapeOf(planes: Float32Array, { width, height }: Size): number[] {
  return [1, planes.length / (width * height), height, width];
}
