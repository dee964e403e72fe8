import { describe, expect, it } from 'vitest';
import { avcCodecs, avcLevel } from './avc.ts';

describe('the H.264 level of a film', () => {
  const film = (width: number, height: number, frameRate: number, bitrate = 1e6) => ({
    width,
    height,
    frameRate,
    bitrate,
  });
  it.each([
    // Worked out by hand from table A-1: macroblocks a frame, a second, bits a second.
    [film(176, 144, 15, 64e3), 10],
    [film(352, 288, 30), 20],
    [film(512, 512, 25), 30],
    [film(512, 512, 25, 12e6), 31],
    [film(720, 576, 25), 30],
    [film(1280, 720, 30), 31],
    [film(1280, 720, 60), 32],
    [film(1920, 1080, 30, 12e6), 40],
    [film(1920, 1080, 30, 24e6), 41],
    [film(1920, 1080, 60), 42],
    [film(3840, 2160, 30), 51],
    [film(3840, 2160, 60), 52],
    [film(7680, 4320, 30), 60],
  ])('%o has level %i', (measures, level) => {
    expect(avcLevel(measures)).toBe(level);
  });

  it('looks at long sides too', () => {
    // 256 macroblocks in all, but 256 in a row: 396 a frame allow 56.
    expect(avcLevel(film(4096, 16, 5, 1e5))).toBe(40);
  });

  it('is none for what no level holds', () => {
    expect(avcLevel(film(40_000, 40_000, 25))).toBeNull();
    expect(avcCodecs(film(40_000, 40_000, 25))).toEqual([]);
  });

  it('stands at the end of the codec string, High profile first', () => {
    expect(avcCodecs(film(1280, 720, 25))).toEqual(['avc1.64001f', 'avc1.4d001f', 'avc1.42e01f']);
  });
});
