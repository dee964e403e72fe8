import { describe, expect, it } from 'vitest';
import { exportToMemory, memoryFolder, memoryPack } from '../../../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../../../tools/random-model.ts';
import { gaussianNoise } from '../../scd/noise.ts';
import { startRuntime } from './runtime.ts';
import { SegmentedUNet } from './unet.ts';

describe('the attention of large pictures', () => {
  it('is the same in slices', async () => {
    startRuntime(1);
    const pack = memoryPack(await exportToMemory(memoryFolder('random', randomModel(SMALL_MODEL)), 'f32'));
    const unet = await SegmentedUNet.create(pack);
    const tokens = (count: number, stream: number) => ({
      data: gaussianNoise(count * 32, 1, stream),
      shape: [1, count, 32],
    });
    const sources = { q: tokens(40, 0), k: tokens(100, 1), v: tokens(100, 2) };
    const whole = await unet.attend(0, sources);
    // Room for the logits of 15 queries: three slices, the last one shorter.
    const sliced = await unet.attend(0, sources, 1500);
    expect(sliced).toEqual(whole);
    unet.dispose();
  });
});
