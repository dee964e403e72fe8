import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, frameRateOf, knownSettings, outputSize, stepsOf } from './settings.ts';

const pack = { width: 256, height: 256 };

describe('outputSize', () => {
  it('follows the photo in steps of 64 and keeps about the pack’s number of pixels', () => {
    expect(outputSize(DEFAULT_SETTINGS, { width: 900, height: 900 }, pack)).toEqual({
      width: 256,
      height: 256,
    });
    expect(outputSize(DEFAULT_SETTINGS, { width: 3000, height: 4000 }, pack)).toEqual({
      width: 192,
      height: 256,
    });
    expect(outputSize(DEFAULT_SETTINGS, { width: 1920, height: 1080 }, pack)).toEqual({
      width: 320,
      height: 192,
    });
  });

  it('takes the asked shape and size', () => {
    const settings = { ...DEFAULT_SETTINGS, aspect: '9:16', size: 'large' } as const;
    const { width, height } = outputSize(settings, { width: 900, height: 900 }, pack);
    expect((width % 64) + (height % 64)).toBe(0);
    expect(width / height).toBeCloseTo(9 / 16, 1);
    expect(width * height).toBeGreaterThan(256 * 256 * 1.6);
  });

  it('never makes a sliver of a panorama', () => {
    const { width, height } = outputSize(DEFAULT_SETTINGS, { width: 8000, height: 800 }, pack);
    expect(width / height).toBeLessThan(3);
    expect(height).toBeGreaterThanOrEqual(128);
  });
});

describe('frameRateOf', () => {
  it('halves a draft and caps the rest at 30', () => {
    expect(frameRateOf({ quality: 'draft', frameRate: null }, 25)).toBe(12.5);
    expect(frameRateOf({ quality: 'draft', frameRate: null }, 12)).toBe(12);
    expect(frameRateOf({ quality: 'good', frameRate: null }, 59.94)).toBe(30);
    expect(frameRateOf({ quality: 'good', frameRate: 8 }, 25)).toBe(8);
  });
});

it('takes steps from the quality unless they are given', () => {
  expect(stepsOf({ quality: 'best', steps: null })).toBe(25);
  expect(stepsOf({ quality: 'best', steps: 7 })).toBe(7);
});

it('takes from a file only the settings that it knows, of the right kind', () => {
  const good = { quality: 'best', steps: 12, mirror: true, background: 'plain', plainColour: '#00ff00' };
  const bad = { seed: 'many', evil: 1, aspect: '7:1', backend: 'cuda', width: '300' };
  expect(knownSettings({ ...good, ...bad })).toEqual(good);
  expect(
    knownSettings({ steps: 1e9, frameRate: 0, width: 99_999, seed: 1.5, guidance: -1, threads: 1e6 }),
  ).toEqual({});
  expect(knownSettings({ frameRate: 12.5, guidance: null })).toEqual({ frameRate: 12.5, guidance: null });
  expect(knownSettings({ plainColour: 'url(https://example.org)' })).toEqual({});
  expect(knownSettings('nothing')).toEqual({});
});
