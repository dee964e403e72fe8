import { describe, expect, it } from 'vitest';
import { positionInputs, positionWaves } from './position.ts';

describe('waves of position', () => {
  it('are sine and cosine across, then down, at the middles of the cells', () => {
    const [height, width] = [2, 4];
    const waves = positionWaves([1], height, width);
    const row = (channel: number, y: number) =>
      [...waves.subarray((channel * height + y) * width, (channel * height + y + 1) * width)].map(
        (value) => Math.round(value * 1e4) / 1e4,
      );
    const r = Math.round(Math.SQRT1_2 * 1e4) / 1e4;
    for (const y of [0, 1]) {
      expect(row(0, y)).toEqual([r, r, -r, -r]);
      expect(row(1, y)).toEqual([r, -r, -r, r]);
    }
    expect([row(2, 0), row(2, 1)]).toEqual([Array(width).fill(1), Array(width).fill(-1)]);
  });

  it('have the size of the latents, an odd one too', () => {
    const config = { position_waves: [0.5, 4], block_out_channels: [8, 8, 8, 8] };
    const { position } = positionInputs(config, { width: 64, height: 36 });
    expect(position?.shape).toEqual([1, 8, 5, 8]);
    expect(position?.data).toHaveLength(8 * 5 * 8);
  });

  it('are nothing to an encoder that does not ask for them', () => {
    expect(positionInputs({ block_out_channels: [8] }, { width: 64, height: 64 })).toEqual({});
  });
});
