import { describe, expect, it } from 'vitest';
import { FROM_LAST_FRAME, FramePlanner } from './planner.ts';
import { standing } from './testing/bodies.ts';

describe('the plan for a frame', () => {
  it('starts every frame from noise', () => {
    const planner = new FramePlanner();
    for (const shift of [0, 0.01, 0.02, 0.06, 0.3]) {
      const plan = planner.next(standing({ shift }), 3);
      expect(plan).toEqual({ kind: 'fresh', steps: 3, evaluations: 3 });
    }
  });

  it('leaves a still body alone, and a slow one only until it has gone somewhere', () => {
    const planner = new FramePlanner();
    planner.next(standing(), 4);
    expect(planner.next(standing({ shift: 0.001 }), 4)).toBeUndefined();
    const creeping = [0.002, 0.003, 0.004, 0.005, 0.006].map((shift) => planner.next(standing({ shift }), 4));
    expect(creeping.filter(Boolean)).toHaveLength(1);
  });

  it('sees that one hand has moved, and that a joint has gone', () => {
    const planner = new FramePlanner();
    planner.next(standing(), 4);
    expect(planner.next(standing({ raise: 0.02 }), 4)).toBeDefined();
    const hidden = standing({ raise: 0.02 });
    hidden.joints[7 * 3 + 2] = 0;
    expect(planner.next(hidden, 4)).toBeDefined();
  });
});

describe('the plan where frames start from the last one', () => {
  const strength = FROM_LAST_FRAME;

  it('starts from noise, and goes on from the last frame while the body moves', () => {
    const planner = new FramePlanner({ strength });
    expect(planner.next(standing(), 4)).toMatchObject({ kind: 'fresh', steps: 4, evaluations: 4 });
    const onward = planner.next(standing({ shift: 0.02 }), 2);
    expect(onward).toMatchObject({ kind: 'onward', evaluations: 2 });
    expect(onward?.fromLastFrame?.strength).toBeLessThan(1);
  });

  it('asks the network as often as it may, with enough noise for faults to die away', () => {
    for (const evaluations of [1, 2, 3, 4]) {
      for (const shift of [0.01, 0.03, 0.06, 0.09]) {
        const planner = new FramePlanner({ strength });
        planner.next(standing(), evaluations);
        const plan = planner.next(standing({ shift }), evaluations);
        const chosen = plan?.fromLastFrame?.strength ?? Number.NaN;
        expect(chosen).toBeGreaterThanOrEqual(strength);
        // As the schedule counts the steps that are left.
        expect(Math.ceil(chosen * (plan?.steps ?? 0) - 1e-9)).toBe(evaluations);
      }
    }
  });

  it('gives the last frame more noise the further the body has moved', () => {
    const chosen = (shift: number) => {
      const planner = new FramePlanner({ strength });
      planner.next(standing(), 4);
      return planner.next(standing({ shift }), 4)?.fromLastFrame?.strength ?? Number.NaN;
    };
    expect(chosen(0.08)).toBeGreaterThan(chosen(0.01));
  });

  it('is chosen and left again, with a fresh start each time', () => {
    const planner = new FramePlanner();
    planner.next(standing(), 4);
    planner.startWith(strength);
    const kinds = [0.01, 0.02].map((shift) => planner.next(standing({ shift }), 4)?.kind);
    planner.startWith(1);
    kinds.push(...[0.03, 0.04].map((shift) => planner.next(standing({ shift }), 4)?.kind as 'fresh'));
    expect(kinds).toEqual(['fresh', 'onward', 'fresh', 'fresh']);
  });

  it('starts afresh at a cut, at once', () => {
    const planner = new FramePlanner({ strength });
    planner.next(standing(), 4);
    expect(planner.next(standing({ shift: 0.25 }), 2)).toMatchObject({ kind: 'fresh' });
  });

  it('starts afresh now and then, sooner where a movement hides it', () => {
    const anchors = (step: number) => {
      const planner = new FramePlanner({ strength, still: 0 });
      const plans = Array.from({ length: 100 }, (_, i) =>
        planner.next(standing({ shift: (i % 2) * step }), 2),
      );
      return plans.filter((plan) => plan?.kind === 'fresh').length;
    };
    expect(anchors(0)).toBe(3);
    expect(anchors(0.05)).toBeGreaterThan(5);
  });
});
