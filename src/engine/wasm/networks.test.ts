import { describe, expect, it } from 'vitest';
import { exportToMemory, memoryFolder, memoryPack } from '../../../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../../../tools/random-model.ts';
import { WrongShapeError } from '../errors.ts';
import { unetInputs } from './networks.ts';

const tensor = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
});

describe("the U-Net's inputs", async () => {
  const { manifest } = memoryPack(
    await exportToMemory(memoryFolder('random', randomModel(SMALL_MODEL)), 'f16'),
  );

  it('are zeros where there is no pose', () => {
    const { pose, time } = unetInputs(manifest, tensor(1, 4, 8, 16), null, [0]);
    expect(pose).toEqual(tensor(1, 32, 8, 16));
    expect(time?.shape).toEqual([1, 32]);
  });

  it('have a context only where the network reads one', () => {
    expect(unetInputs(manifest, tensor(1, 4, 8, 8), null, [0]).context).toBeUndefined();
    const { configs } = manifest;
    const reading = {
      ...manifest,
      configs: { ...configs, unet: { ...configs.unet, cross_attention_dim: 24 } },
    };
    expect(unetInputs(reading, tensor(2, 4, 8, 8), null, [0, 500]).context).toEqual(tensor(2, 1, 24));
  });

  it('are refused in another shape', () => {
    expect(() => unetInputs(manifest, tensor(1, 5, 8, 8), null, [0])).toThrow(WrongShapeError);
    expect(() => unetInputs(manifest, tensor(1, 4, 8, 8), tensor(1, 32, 8, 16), [0])).toThrow(
      WrongShapeError,
    );
  });
});
