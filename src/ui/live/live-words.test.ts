import { describe, expect, it } from 'vitest';
import { badgeWord, figuresWords, paceWords, statusOf } from './live-words.ts';

const WELL = {
  isHidden: false,
  isPersonThere: true,
  calibration: 1,
  people: 1,
  restarted: null,
  hasPicture: true,
  source: 'camera',
  isResting: false,
} as const;

describe('the live screen’s status', () => {
  it('says nothing when all is well', () => {
    expect(statusOf(WELL)).toBeNull();
  });

  it('has a sentence for each state', () => {
    const states = [
      statusOf({ ...WELL, isHidden: true }),
      statusOf({ ...WELL, restarted: 'engine' }),
      statusOf({ ...WELL, restarted: 'pose' }),
      statusOf({ ...WELL, isPersonThere: false }),
      statusOf({ ...WELL, calibration: 0.5 }),
      statusOf({ ...WELL, people: 2 }),
      statusOf({ ...WELL, isResting: true }),
      statusOf({ ...WELL, isPersonThere: false, source: { file: new Blob(), name: 'dance.mp4' } }),
    ].map((status) => status?.what);
    expect(new Set(states).size).toBe(states.length);
    for (const what of states) expect(what).toMatch(/^[A-Z].*\.$/);
  });

  it('puts what stops the picture before what only concerns it', () => {
    expect(statusOf({ ...WELL, isPersonThere: false, people: 0, calibration: 0.2 })?.what).toContain(
      'Nobody',
    );
  });
});

describe('the badge', () => {
  it('has a word for each state', () => {
    const live = { ...WELL, phase: 'live' } as const;
    const words = [
      badgeWord(live),
      badgeWord({ ...live, phase: 'starting' }),
      badgeWord({ ...live, isHidden: true }),
      badgeWord({ ...live, isPersonThere: false }),
      badgeWord({ ...live, isResting: true }),
    ];
    expect(words).toEqual(['Live', 'Starting', 'Paused', 'Waiting', 'Holding still']);
  });
});

describe('the pace in words', () => {
  const size = { width: 192, height: 192 };

  it('says whether the wanted rate is held', () => {
    expect(paceWords({ size, evaluations: 2, holds: true }, 12)).toContain('2 steps');
    expect(paceWords({ size, evaluations: 1, holds: false }, 12)).toContain('too much');
  });

  it('rounds what nobody can feel', () => {
    const rest = { poseMs: 0, denoiseMs: 0, decodeMs: 0 };
    expect(figuresWords({ framesPerSecond: 23.7, latencyMs: 183, ...rest })).toBe(
      '24 frames a second, 180 ms behind you',
    );
    expect(figuresWords({ framesPerSecond: 1.26, latencyMs: 1420, ...rest })).toContain('1.4 s');
  });
});
