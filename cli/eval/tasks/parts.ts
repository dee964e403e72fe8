import { FOR_FILES, PoseClient } from '../../../src/client/pose.ts';
import type { Reference } from '../../../src/engine/api.ts';
import { fitOutline } from '../../../src/engine/fit.ts';
import { PackLayers } from '../../../src/engine/layers.ts';
import { toPlanes, toRgba } from '../../../src/engine/planes.ts';
import { WasmBackend } from '../../../src/engine/wasm/backend.ts';
import { RUNTIME_FILES } from '../../../src/engine/wasm/files.ts';
import { plateOf } from '../../../src/layers/place.ts';
import { type Planes, planesOf, type Size } from '../../../src/layers/planes.ts';
import { resized } from '../../../src/layers/resample.ts';
import { outlineByPose } from '../../../src/layers/rough.ts';
import type { Picture } from '../../../src/metrics/picture.ts';
import { openPack } from '../../../src/pack/open.ts';
import type { Pose } from '../../../src/pose/types.ts';
import { ContactSheet } from '../sheet.ts';
import type { Task } from '../task.ts';

type Joints = readonly (readonly [x: number, y: number] | null)[];

/** As training/layers/parts.py writes it. */
interface PartEntry {
  readonly name: string;
  readonly photoJoints: Joints;
  readonly targetJoints: Joints;
}

/** Of a flow's PNG: twelve bits for shares from -0.5 on, over a range of 2. */
const [LOW, RANGE, STEPS] = [-0.5, 2, 4096];
/** Pixels to each side of an outline in which a matte is judged, and how much it must differ there from its plain sides. */
const BAND = 4;
const PLAIN = 0.02;

/** The networks of the layers one by one, on people whose truth the renderer has written down. */
export const evaluateParts: Task = async ({ manifest, request, options }) => {
  const pack = await openPack({ kind: 'url', url: request.pack });
  const response = await fetch(`${request.set}parts.json`);
  if (!response.ok) throw new Error('The set has no parts.json.');
  const entries: readonly PartEntry[] = (await response.json()).slice(0, request.pairs);
  const backend = new WasmBackend({ threads: request.threads, files: RUNTIME_FILES });
  const detector = new PoseClient(FOR_FILES, new URL('/pose/', location.href).href);
  const sheet = new ContactSheet(manifest.skeleton, options);
  const sums = new Map<string, number[]>();
  let layers: PackLayers | undefined;
  for (const [i, entry] of entries.entries()) {
    const read = (what: string) => pixelsOf(`${request.set}${entry.name}-${what}`);
    const [photo, place, matte, flow, seen] = await Promise.all(
      ['photo.jpg', 'place.jpg', 'matte.png', 'flow.png', 'seen.png'].map(read),
    );
    if (!photo || !place || !matte || !flow || !seen) throw new Error(`${entry.name} is incomplete.`);
    layers ??= await PackLayers.create(backend.on, pack, photo.size);
    const figures = await measure(layers, detector, entry, { photo, place, matte, flow, seen });
    const { matte: found, place: made } = layers.looked;
    const shown = [planesFrom(photo), grey(found), made, planesFrom(place)];
    sheet.offer(entry.name, shown.map(pictureOf));
    for (const [name, value] of Object.entries(figures)) {
      if (Number.isFinite(value)) sums.set(name, [...(sums.get(name) ?? []), value]);
    }
    console.info(`person ${i + 1} of ${entries.length}`);
  }
  layers?.dispose();
  detector.dispose();
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const means = Object.fromEntries([...sums].map(([name, values]) => [name, mean(values)]));
  const { platePsnr = Number.NaN, platePsnrFilled = Number.NaN } = means;
  const figures = { ...means, platePsnrGain: platePsnr - platePsnrFilled, people: entries.length };
  const labels = ['photo', 'matte', 'the place', 'the true place'];
  return { figures, sheet: await sheet.png(labels) };
};

type Truth = Record<'photo' | 'place' | 'matte' | 'flow' | 'seen', Pixels>;

async function measure(
  layers: PackLayers,
  detector: PoseClient,
  entry: PartEntry,
  truth: Truth,
): Promise<Record<string, number>> {
  const { photo, place, matte } = truth;
  const pose = poseOf(entry.photoJoints, photo.size);
  const found = await outlineOf(detector, photo);
  await layers.setPhoto({
    photo: planesFrom(photo),
    outline: found.outline ? fitOutline(found.outline, photo.size, photo.size) : outlineByPose(pose),
    pose,
  });
  const said = layers.looked;
  const trueMatte = channel(matte, 0);
  const inHole = resized(said.hole.hole, photo.size).data.map((share) => (share > 0.5 ? 1 : 0));
  const filled = plateOf(planesFrom(photo), said.hole);
  return {
    ...(await measureMover(layers, poseOf(entry.targetJoints, photo.size), truth)),
    matteError: meanIn(bandOf(trueMatte, photo.size), (i) =>
      Math.abs((said.matte.data[i] as number) - (trueMatte[i] as number)),
    ),
    platePsnr: psnrIn(inHole, said.place, planesFrom(place)),
    platePsnrFilled: psnrIn(inHole, filled, planesFrom(place)),
    outlineFound: found.outline ? 1 : 0,
  };
}

async function measureMover(
  layers: PackLayers,
  pose: Pose,
  { flow, seen }: Truth,
): Promise<Record<string, number>> {
  const tensor = await layers.layersOf(pose);
  const [, channels = 0, height = 0, width = 0] = tensor.shape;
  // The processor's tensors are their values.
  const { data } = tensor as unknown as Planes;
  const made = resized({ channels, height, width, data }, flow.size);
  tensor.dispose();
  const count = flow.size.width * flow.size.height;
  const state = channel(seen, 0);
  const visible = state.map((value) => (value > 0.75 ? 1 : 0));
  const inside = state.map((value) => (value > 0.25 ? 1 : 0));
  const at = (layer: number, i: number) => made.data[layer * count + i] as number;
  const flowError = meanIn(visible, (i) => {
    const x = ((i % flow.size.width) + 0.5) / flow.size.width;
    const y = (Math.floor(i / flow.size.width) + 0.5) / flow.size.height;
    const [red, green, blue] = [0, 1, 2].map((k) => flow.rgba[4 * i + k] as number) as [
      number,
      number,
      number,
    ];
    const place = (high: number, low: number) => LOW + ((high * 16 + low + 0.5) / STEPS) * RANGE;
    return Math.hypot(x + at(0, i) - place(red, blue >> 4), y + at(1, i) - place(green, blue & 15));
  });
  return {
    flowError,
    outlineIoU: overlap(
      count,
      (i) => at(2, i) > 0.5,
      (i) => inside[i] === 1,
    ),
    visibilityIoU: overlap(
      count,
      (i) => inside[i] === 1 && at(3, i) > 0.5,
      (i) => visible[i] === 1,
    ),
  };
}

interface Pixels {
  readonly size: Size;
  readonly rgba: Uint8ClampedArray;
}

async function pixelsOf(url: string): Promise<Pixels> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The set has no ${url}.`);
  // A flow's bytes are numbers: nothing may be done to them for a screen's sake.
  const image = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
  const size = { width: image.width, height: image.height };
  const context = new OffscreenCanvas(size.width, size.height).getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('This browser gives no canvas to draw on.');
  context.drawImage(image, 0, 0);
  image.close();
  return { size, rgba: context.getImageData(0, 0, size.width, size.height).data };
}

function planesFrom({ size, rgba }: Pixels): Planes {
  const rgb = new Uint8Array(3 * size.width * size.height);
  for (let i = 0; i < rgb.length; i++) rgb[i] = rgba[4 * Math.floor(i / 3) + (i % 3)] as number;
  return planesOf(size, 3, toPlanes(rgb, 1 / 127.5, -1));
}

const pictureOf = ({ width, height, data }: Planes): Picture => ({
  ...{ width, height },
  data: toRgba(data) ?? new Uint8ClampedArray(4 * width * height),
});

const grey = (mask: Planes): Planes =>
  planesOf(
    mask,
    3,
    Float32Array.from(
      { length: 3 * mask.data.length },
      (_, i) => 2 * (mask.data[i % mask.data.length] as number) - 1,
    ),
  );

const channel = ({ rgba }: Pixels, index: number): Float32Array =>
  Float32Array.from({ length: rgba.length / 4 }, (_, i) => (rgba[4 * i + index] as number) / 255);

function poseOf(joints: Joints, { width, height }: Size): Pose {
  return {
    width,
    height,
    joints: Float32Array.from(joints.flatMap((joint) => (joint ? [...joint, 1] : [0, 0, 0]))),
  };
}

/** As the product finds it; nothing where nobody is found. */
async function outlineOf(detector: PoseClient, { size, rgba }: Pixels): Promise<Pick<Reference, 'outline'>> {
  const image = await createImageBitmap(new ImageData(new Uint8ClampedArray(rgba), size.width, size.height));
  try {
    const [first] = await detector.outline(image).catch(() => []);
    return first ? { outline: first.outline } : {};
  } finally {
    image.close();
  }
}

/** Where a true matte is not plain within a few pixels. */
function bandOf(matte: Float32Array, { width, height }: Size): Float32Array {
  return matte.map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    let [least, most] = [1, 0];
    for (let row = Math.max(0, y - BAND); row <= Math.min(height - 1, y + BAND); row++) {
      for (let column = Math.max(0, x - BAND); column <= Math.min(width - 1, x + BAND); column++) {
        const value = matte[row * width + column] as number;
        [least, most] = [Math.min(least, value), Math.max(most, value)];
      }
    }
    return most - least > PLAIN ? 1 : 0;
  });
}

function meanIn(mask: ArrayLike<number>, of: (i: number) => number): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 1) continue;
    sum += of(i);
    count++;
  }
  return sum / count;
}

/** Of planes in [-1, 1]. */
function psnrIn(mask: ArrayLike<number>, a: Planes, b: Planes): number {
  const count = a.width * a.height;
  const square = (i: number) => (((a.data[i] as number) - (b.data[i] as number)) / 2) ** 2;
  return -10 * Math.log10(meanIn(mask, (i) => (square(i) + square(i + count) + square(i + 2 * count)) / 3));
}

function overlap(count: number, one: (i: number) => boolean, other: (i: number) => boolean): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < count; i++) {
    const [a, b] = [one(i), other(i)];
    if (a && b) both++;
    if (a || b) either++;
  }
  return both / either;
}
