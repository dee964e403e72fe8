import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exportToMemory, memoryFolder, memoryPack } from '../../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../../tools/random-model.ts';
import { numbersOf, readTensors } from '../../tools/run-parts.ts';
import { compose } from '../layers/compose.ts';
import { cutOut, opening, plateOf } from '../layers/place.ts';
import { type Planes, planesOf } from '../layers/planes.ts';
import { outlineByPose } from '../layers/rough.ts';
import { NotReadyError, WrongInputError } from './errors.ts';
import { hasLayers } from './layers.ts';
import { WasmBackend } from './wasm/backend.ts';

const SIZE = { width: 64, height: 64 };
const truth = await readTensors('fixtures/layers/io.safetensors');

const model = randomModel(SMALL_MODEL);
for (const name of ['matte', 'plate', 'mover']) {
  for (const file of ['config.json', 'diffusion_pytorch_model.safetensors']) {
    model.set(`${name}/${file}`, new Uint8Array(readFileSync(`fixtures/layers/${name}/${file}`)));
  }
}
const pack = memoryPack(await exportToMemory(memoryFolder('layered', model), 'f16'));

const poseOf = (name: string) => {
  const joints = Float32Array.from(numbersOf(truth, name).values, (value) => value * 1.25);
  return { ...SIZE, joints };
};
const picture = (by: (x: number, y: number, channel: number) => number): Planes => {
  const count = SIZE.width * SIZE.height;
  const at = (i: number) => by(i % SIZE.width, Math.floor((i % count) / SIZE.width), Math.floor(i / count));
  return planesOf(
    SIZE,
    3,
    Float32Array.from({ length: 3 * count }, (_, i) => at(i)),
  );
};
const photo = {
  photo: picture((x, y, channel) => Math.sin(x / 5 + channel) * Math.cos(y / 7)),
  pose: poseOf('reference_joints'),
  outline: outlineByPose(poseOf('reference_joints')),
};

describe('a pack with layers', () => {
  it('says so in its pack.json', () => {
    expect(hasLayers(pack.manifest)).toBe(true);
    expect(pack.manifest.mover).toHaveLength(3);
    const { plate: _, ...without } = pack.manifest;
    expect(hasLayers(without)).toBe(false);
  });

  it('puts frames together, the same each time, that follow pose, photo and painting', {
    timeout: 120_000,
  }, async () => {
    const backend = new WasmBackend();
    const layers = await backend.buildLayers(pack, SIZE);
    await layers.setPhoto(photo);
    const networks = { pixels: (of: Awaited<ReturnType<typeof layers.frame>>) => backend.pixels(of) };
    const frame = async (name: string, painted?: Parameters<typeof layers.frame>[1]) =>
      networks.pixels(await layers.frame(poseOf(name), painted));
    const first = await frame('target_joints');
    expect(first).toHaveLength(4 * 64 * 64);
    expect(await frame('target_joints')).toEqual(first);
    expect(await frame('reference_joints')).not.toEqual(first);
    // The painting may be of another size.
    const painted = backend.on.upload(new Float32Array(3 * 32 * 32).fill(0.9), [1, 3, 32, 32]);
    expect(await frame('target_joints', painted)).not.toEqual(first);
    await layers.setPhoto({ ...photo, photo: picture((x) => (x % 2) - 0.5) });
    expect(await frame('target_joints')).not.toEqual(first);
    layers.dispose();
  });

  it('keeps colours within bounds', async () => {
    // At the mover's own size nothing is scaled, so its fixture's layers are the frame's.
    const size = { width: 48, height: 32 };
    const planes = (name: string): Planes => {
      const { shape, values } = numbersOf(truth, name);
      const [, channels = 0, height = 0, width = 0] = shape;
      return { channels, height, width, data: Float32Array.from(values) };
    };
    const matte = planes('matte');
    const hole = opening(planes('photo'), matte);
    const made = compose({
      layers: planes('layers'),
      person: cutOut(planes('photo'), matte),
      plate: plateOf(planes('photo'), hole),
    });
    expect(made).toMatchObject({ ...size, channels: 3 });
    expect(made.data.every((value) => Math.abs(value) <= 1.0001)).toBe(true);
  });

  it('asks for a photo first', async () => {
    const layers = await new WasmBackend().buildLayers(pack, SIZE);
    await expect(layers.frame(poseOf('target_joints'))).rejects.toBeInstanceOf(NotReadyError);
    layers.dispose();
  });

  it('is needed for them', async () => {
    const plain = memoryPack(await exportToMemory(memoryFolder('plain', randomModel(SMALL_MODEL)), 'f16'));
    await expect(new WasmBackend().buildLayers(plain, SIZE)).rejects.toBeInstanceOf(WrongInputError);
  });
});
