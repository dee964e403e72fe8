import { describe, expect, it } from 'vitest';
import { knownAnswers } from '../../tools/known-answers.ts';

/** Whom each damage must move; all others must stay where they are without any. */
const SEEN_BY = {
  noise: ['psnr', 'ssim', 'flicker', 'warping'],
  blur: ['psnr', 'ssim', 'sharpness'],
  'shuffled frames': [
    'psnr',
    'ssim',
    'warping',
    'position',
    'velocity',
    'acceleration',
    'speed',
    'motionDistance',
  ],
  'frozen motion': [
    'psnr',
    'ssim',
    'warping',
    'position',
    'velocity',
    'acceleration',
    'speed',
    'motionDistance',
  ],
} as const;
const PERFECT = { psnr: 100, ssim: 1, sharpness: 1, speed: 1 };
/** What counts as moved. */
const LEAST = { psnr: 1, ssim: 0.01, sharpness: 0.05, flicker: 0.1, warping: 1, position: 0.01, speed: 0.05 };

const answers = knownAnswers();

it('nothing is wrong with the truth', () => {
  for (const [name, value] of Object.entries(answers.none)) {
    expect(value, name).toBeCloseTo(PERFECT[name as keyof typeof PERFECT] ?? 0, 9);
  }
});

describe.each(Object.entries(SEEN_BY))('%s', (damage, seers) => {
  it.each(Object.keys(answers.none))('%s', (name) => {
    const value = answers[damage as keyof typeof SEEN_BY][name] as number;
    const away = Math.abs(value - (answers.none[name] as number));
    const least = LEAST[name as keyof typeof LEAST] ?? 0.005;
    if ((seers as readonly string[]).includes(name)) expect(away).toBeGreaterThan(least);
    else expect(away).toBeLessThan(least);
  });
});
