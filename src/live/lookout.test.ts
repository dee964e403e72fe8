import { describe, expect, it } from 'vitest';
import { Lookout } from './lookout.ts';

const lead = (lookout: Lookout) => 1000 - lookout.nextLook(0, 1000);

describe('the lookout', () => {
  it('is ready before the painter is', () => {
    const lookout = new Lookout();
    lookout.looked(40);
    expect(lead(lookout)).toBeGreaterThan(40);
    expect(lead(lookout)).toBeLessThan(2 * 40);
  });

  it('begins earlier while the painter has to wait, but never by more than three looks', () => {
    const lookout = new Lookout();
    lookout.looked(40);
    const before = lead(lookout);
    lookout.waited(60, 1000);
    expect(lead(lookout)).toBeGreaterThan(before);
    for (let i = 0; i < 50; i++) lookout.waited(60, 1000);
    expect(lead(lookout)).toBeLessThanOrEqual(3 * 40);
  });

  it('comes closer again when nobody waits', () => {
    const lookout = new Lookout();
    lookout.looked(40);
    const before = lead(lookout);
    for (let i = 0; i < 5; i++) lookout.waited(200, 1000);
    for (let i = 0; i < 200; i++) lookout.waited(1, 1000);
    expect(lead(lookout)).toBeCloseTo(before);
  });

  it('takes a long look seriously at once, and forgets it in time', () => {
    const lookout = new Lookout();
    for (let i = 0; i < 5; i++) lookout.looked(20);
    lookout.looked(200);
    expect(lead(lookout)).toBeGreaterThan(200);
    for (let i = 0; i < 40; i++) lookout.looked(20);
    expect(lead(lookout)).toBeLessThan(30);
  });
});
