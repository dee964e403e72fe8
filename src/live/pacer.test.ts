import { describe, expect, it } from 'vitest';
import { Pacer, type Size } from './pacer.ts';

const SIZES: Size[] = [256, 192, 128].map((side) => ({ width: side, height: side }));

/** A device on which an evaluation at 256 x 256 takes `evaluationMs`, and a frame without its steps `restMs`. */
function run(pacer: Pacer, { evaluationMs, restMs }: { evaluationMs: number; restMs: number }, frames = 60) {
  const sizes = new Set<number>();
  for (let i = 0; i < frames; i++) {
    const { size, evaluations } = pacer.pace;
    const share = (size.width / 256) ** 2;
    // A little noise, the same every time.
    const noise = 1 + 0.1 * Math.sin(i * 7);
    pacer.record({
      evaluations,
      denoiseMs: evaluations * evaluationMs * share * noise,
      restMs: restMs * share,
    });
    sizes.add(size.width);
  }
  return { ...pacer.pace, changes: sizes.size - 1 };
}

describe('the pace', () => {
  it('spends a fast device on steps and size', () => {
    const pace = run(new Pacer(SIZES, 12, 0), { evaluationMs: 10, restMs: 10 });
    expect(pace).toMatchObject({ size: SIZES[0], evaluations: 4, holds: true });
  });

  it('gives up steps before size', () => {
    const pace = run(new Pacer(SIZES, 12, 0), { evaluationMs: 30, restMs: 15 });
    expect(pace).toMatchObject({ size: SIZES[0], holds: true });
    expect(pace.evaluations).toBeLessThan(4);
  });

  it('gives up size where two steps are too much', () => {
    const pace = run(new Pacer(SIZES, 12, 0), { evaluationMs: 60, restMs: 20 });
    expect(pace.size).toBe(SIZES[1]);
    expect(pace.holds).toBe(true);
  });

  it('says so when even the least is too much', () => {
    const pace = run(new Pacer(SIZES, 12, 2), { evaluationMs: 2000, restMs: 500 });
    expect(pace).toMatchObject({ size: SIZES[2], evaluations: 1, holds: false });
  });

  it('grows where it began too small', () => {
    const pace = run(new Pacer(SIZES, 12, 2), { evaluationMs: 8, restMs: 10 });
    expect(pace.size).toBe(SIZES[0]);
  });

  it('comes to rest: no size is tried twice for one rate', () => {
    for (let evaluationMs = 5; evaluationMs < 400; evaluationMs *= 1.15) {
      const pacer = new Pacer(SIZES, 12, 2);
      run(pacer, { evaluationMs, restMs: 15 }, 200);
      expect(run(pacer, { evaluationMs, restMs: 15 }, 200).changes).toBe(0);
    }
  });

  it('takes another wish at once', () => {
    const pacer = new Pacer(SIZES, 24, 0);
    const before = run(pacer, { evaluationMs: 12, restMs: 12 }).evaluations;
    pacer.aimFor(6);
    expect(run(pacer, { evaluationMs: 12, restMs: 12 }).evaluations).toBeGreaterThan(before);
  });
});
