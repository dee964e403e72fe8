import { closed, cutOut, type Opening, opening, plateOf } from '../layers/place.ts';
import { type Planes, planesOf, stacked } from '../layers/planes.ts';
import { cutTo, padTo, resized } from '../layers/resample.ts';
import { MATTE_STEP, moverSize, padded } from '../layers/sizes.ts';
import { Teller } from '../layers/tell.ts';
import { CELL } from '../onnx/hourglass.ts';
import { planMover } from '../onnx/mover.ts';
import type { Pack, PackManifest, PartFiles } from '../pack/manifest.ts';
import { drawSkeleton } from '../pose/skeleton.ts';
import type { Pose } from '../pose/types.ts';
import type { LayeredPhoto, LayerNetworks, Tensor } from './backend.ts';
import type { Device } from './device.ts';
import { NotReadyError, WrongInputError } from './errors.ts';
import { type Inputs, Program, type Step, visit } from './executor.ts';
import { type Size, stretchPose } from './fit.ts';
import { pictureSizes } from './networks.ts';
import { toPlanes } from './planes.ts';

/** As the mover was trained. */
const SKELETON = { limbWidth: 3, jointRadius: 3.5 };

export const hasLayers = ({ matte, plate, moverPhoto, mover }: PackManifest): boolean =>
  [matte, plate, moverPhoto, mover].every((files) => files !== undefined);

/** With layers the size costs little, as what is painted stays as small as it was. */
const LARGER = 2;

/** What results are made at, unless another size is asked for. */
export function resultSize(manifest: PackManifest): Size {
  const { width, height } = manifest.defaults;
  const factor = hasLayers(manifest) ? LARGER : 1;
  return { width: factor * width, height: factor * height };
}

/** What was made of the photo. */
interface Looked {
  /** At the photo's size. */
  readonly matte: Planes;
  readonly hole: Opening;
  readonly place: Planes;
  readonly teller: Teller;
  /** Of the mover, on three levels. */
  readonly features: Inputs;
  readonly person: Tensor;
  readonly plate: Tensor;
}

/** The layers' networks on any device, for results of one size. */
export class PackLayers implements LayerNetworks {
  readonly size: Size;
  readonly #device: Device;
  /** Flows are too fine for halves. */
  readonly #floats: Device;
  readonly #pack: Pack;
  readonly #small: Size;
  #mover: Program | undefined;
  #looked: Looked | undefined;

  private constructor(device: Device, floats: Device, pack: Pack, size: Size) {
    this.size = size;
    this.#device = device;
    this.#floats = floats;
    this.#pack = pack;
    this.#small = moverSize(size, pack.manifest.configs.mover?.size);
  }

  static async create(device: Device, pack: Pack, size: Size, signal?: AbortSignal): Promise<PackLayers> {
    const { configs, mover } = pack.manifest;
    if (!hasLayers(pack.manifest) || configs.mover === undefined || mover === undefined) {
      throw new WrongInputError(
        'This model came without the networks of the layers.',
        'Use a model that has a matte, a plate and a mover.',
      );
    }
    const layers = new PackLayers(device, await device.inFloats(), pack, size);
    const { readings } = planMover(configs.mover);
    const steps = mover.flatMap((files, graph): Step[] => [
      ...(readings[graph] ?? []).map((reading) => ({ kind: 'warp' as const, ...reading })),
      { kind: 'graph', files },
    ]);
    const { height, width } = layers.#small;
    const sizes = pictureSizes(1, height, width);
    // The photo's finer features are read through flows only.
    const shapes = configs.mover.block_out_channels.map((channels, level) => {
      const cell = CELL * 2 ** level;
      return [`photo_${level + 1}`, [1, channels, height / cell, width / cell]];
    });
    const read = Object.fromEntries(shapes);
    layers.#mover = await Program.create(layers.#floats, pack, steps, { sizes, readings: read, signal });
    await device.settle('the device took in the layers');
    return layers;
  }

  async setPhoto({ photo, outline, pose }: LayeredPhoto): Promise<void> {
    this.#forget();
    const held: Tensor[] = [];
    const upload = ({ channels, height, width, data }: Planes): Tensor => {
      const tensor = this.#device.upload(data, [1, channels, height, width]);
      held.push(tensor);
      return tensor;
    };
    const { matte: ofMatte, plate: ofPlate, moverPhoto } = this.#pack.manifest;
    try {
      // The matte, at the photo's own size.
      const roomy = padded(photo, MATTE_STEP);
      const inputs = { photo: upload(padTo(photo, roomy)), outline: upload(padTo(outline, roomy)) };
      const found = await this.#once(this.#device, ofMatte, roomy, inputs, ['matte']);
      const sharp = cutTo(planesOf(roomy, 1, await this.#download(found.matte)), photo);
      const matte = closed(sharp, outline);
      // The place without the person.
      const hole = opening(photo, matte);
      const seen = { picture: upload(hole.picture), hole: upload(hole.hole) };
      const { change } = await this.#once(this.#device, ofPlate, hole.picture, seen, ['change']);
      const place = plateOf(photo, hole, planesOf(hole.picture, 3, await this.#download(change)));
      // What the mover sees of them.
      const small = stretchPose(pose, this.#small);
      const pictures = stacked(resized(photo, this.#small), resized(matte, this.#small));
      const count = this.#small.width * this.#small.height;
      const shown = {
        photo: upload(planesOf(this.#small, 3, pictures.data.slice(0, 3 * count))),
        outline: upload(planesOf(this.#small, 1, pictures.data.slice(3 * count))),
        skeleton: upload(this.#skeleton(small)),
      };
      const names = ['photo_1', 'photo_2', 'photo_3'];
      const features = await this.#once(this.#floats, moverPhoto, this.#small, shown, names);
      this.#looked = {
        ...{ matte, hole, place },
        teller: new Teller(pictures, small),
        features: Object.fromEntries(Object.entries(features).map(([name, tensor]) => [name, [tensor]])),
        person: this.#keep(cutOut(photo, matte)),
        plate: this.#keep(place),
      };
    } finally {
      for (const tensor of held) tensor.dispose();
    }
  }

  async frame(pose: Pose, painted?: Tensor): Promise<Tensor> {
    const { person, plate } = this.looked;
    const layers = await this.layersOf(pose);
    try {
      const inputs = [layers, person, plate, painted ?? person];
      const sides = (tensor?: Tensor): number[] => (tensor ? [...tensor.shape.slice(2)] : [0, 0]);
      const parameters = [plate, layers, person, painted].flatMap(sides);
      return this.#device.compute('compose', inputs, plate.shape, parameters);
    } finally {
      layers.dispose();
    }
  }

  /** What was made of the photo, for measuring. */
  get looked(): Looked {
    if (this.#looked !== undefined) return this.#looked;
    throw new NotReadyError('There is no reference to render from.', 'Set a reference photo first.');
  }

  /** What the mover says of a pose, [1, 8, height, width] at its own size. */
  async layersOf(pose: Pose): Promise<Tensor> {
    const { teller, features } = this.looked;
    const small = stretchPose(pose, this.#small);
    const { told, limbs, torso, limbs3, torso3, whole3 } = teller.tell(small);
    const [layers] = await (this.#mover as Program).run(
      {
        ...features,
        skeleton: this.#skeleton(small).data,
        here: teller.here.data,
        told: told.data,
        limbs: limbs.data,
        torso: torso.data,
        limbs_3: limbs3.data,
        torso_3: torso3.data,
        whole_3: whole3.data,
      },
      'layers',
    );
    return layers as Tensor;
  }

  dispose(): void {
    this.#forget();
    this.#mover?.dispose();
    this.#mover = undefined;
  }

  /** A network that looks at the photo only: its weights are let go again. */
  async #once(
    device: Device,
    files: PartFiles | undefined,
    { height, width }: Size,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly string[],
  ): Promise<Record<string, Tensor>> {
    if (files === undefined) return {};
    const steps: Step[] = [{ kind: 'graph', files }];
    const sizes = pictureSizes(1, height, width);
    const passes = [Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, [tensor]]))];
    const [made] = await visit(device, this.#pack, steps, passes, { sizes, outputs });
    return made ?? {};
  }

  async #download(tensor: Tensor | undefined): Promise<Float32Array<ArrayBuffer>> {
    if (tensor === undefined) throw new Error('A network of the layers made nothing.');
    const values = await this.#device.download(tensor);
    tensor.dispose();
    return Float32Array.from(values);
  }

  #keep({ channels, height, width, data }: Planes): Tensor {
    return this.#device.upload(data, [1, channels, height, width]);
  }

  #skeleton(pose: Pose): Planes {
    return planesOf(pose, 3, toPlanes(drawSkeleton(pose, SKELETON), 1 / 255, 0));
  }

  #forget(): void {
    const looked = this.#looked;
    this.#looked = undefined;
    if (looked === undefined) return;
    looked.person.dispose();
    looked.plate.dispose();
    for (const [tensor] of Object.values(looked.features) as Tensor[][]) tensor?.dispose();
  }
}
