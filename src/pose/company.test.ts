import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { emptyPose } from './body.ts';
import { Company } from './company.ts';
import type { PoseSource } from './picture.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const EVERY = 1500;

/** Somebody looks ten times a second; `there` is how many people stand before the camera. */
function stage() {
  const asked: string[] = [];
  let open = 0;
  let time = 0;
  const scene = { there: 1, isLost: false };
  const people = (count: number) => Array.from({ length: count }, () => emptyPose(100, 100));
  const company = new Company(
    () => {
      asked.push('one');
      return people(scene.isLost ? 0 : Math.min(1, scene.there));
    },
    () => {
      asked.push('all');
      return people(scene.there);
    },
    EVERY,
  );
  const look = () => {
    open++;
    time += 100;
    const frame = { width: 100, height: 100, close: () => open-- } as unknown as PoseSource;
    return company.look(frame, time).length;
  };
  return { scene, asked, look, open: () => open };
}

describe('the company', () => {
  it('follows one person cheaply, and seeks others now and then, after the answer', () => {
    const { asked, look, open } = stage();
    for (let i = 0; i < 16; i++) look();
    expect(asked).toEqual(['all', ...Array(15).fill('one')]);
    vi.runAllTimers();
    expect(asked.at(-1)).toBe('all');
    expect(open()).toBe(0);
  });

  it('sees both people once the second is found, and for a while after one was last hidden', () => {
    const { scene, asked, look } = stage();
    look();
    scene.there = 2;
    for (let i = 0; i < 15; i++) expect(look()).toBe(1);
    vi.runAllTimers();
    expect(look()).toBe(2);
    scene.there = 1;
    for (let i = 0; i < 10; i++) look();
    expect(asked.slice(-10)).toEqual(Array(10).fill('all'));
    look();
    look();
    expect(asked.at(-1)).toBe('one');
  });

  it('searches the same picture where the one is lost', () => {
    const { scene, asked, look } = stage();
    look();
    scene.isLost = true;
    expect(look()).toBe(1);
    expect(asked).toEqual(['all', 'one', 'all']);
  });

  it('searches in its turn where looks leave no time between them', () => {
    const { scene, asked, look, open } = stage();
    look();
    scene.there = 2;
    for (let i = 0; i < 15; i++) look();
    expect(look()).toBe(2);
    expect(asked.filter((which) => which === 'all')).toHaveLength(2);
    vi.runAllTimers();
    expect(open()).toBe(0);
  });
});
