import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { psnr } from '../../src/metrics/difference.ts';
import { motionFigures } from '../../src/metrics/motion.ts';
import type { Picture } from '../../src/metrics/picture.ts';
import { ssim } from '../../src/metrics/ssim.ts';
import { Gathering } from './gather.ts';
import type { Offered } from './offer.ts';
import { writeReport } from './report.ts';

const SIZE = 16;

function picture(seed: number): Picture {
  const data = new Uint8ClampedArray(4 * SIZE * SIZE).map((_, i) =>
    i % 4 === 3 ? 255 : 128 + 100 * Math.sin(seed + 0.37 * i),
  );
  return { width: SIZE, height: SIZE, data };
}

const joints = (time: number) =>
  Array.from({ length: 18 }, (_, joint) => [8 + Math.sin(time + joint), joint, 1]).flat();
const text = ({ data }: Picture) => Buffer.from(data).toString('base64');

const offered = (i: number): Offered => ({
  label: `frame ${i}`,
  time: i / 30,
  width: SIZE,
  height: SIZE,
  pictures: {
    truth: text(picture(i)),
    output: text(picture(i + 0.01 * (i % 50) + 0.01)),
    copied: text(picture(0)),
  },
  strip: 'data:,',
  asked: joints(i / 5),
  ...(i % 10 !== 3 && { found: joints(i / 5 + 0.1) }),
});

describe('frames gathered one at a time', () => {
  it('come to what the truth says, computed at once', async () => {
    const gathering = new Gathering();
    const all = Array.from({ length: 30 }, (_, i) => i);
    for (const i of all) await gathering.add(offered(i));
    const mean = (of: (i: number) => number) => all.reduce((sum, i) => sum + of(i), 0) / all.length;
    const output = (i: number) => picture(i + 0.01 * (i % 50) + 0.01);
    const figures = gathering.figures();
    expect(figures.psnr).toBeCloseTo(
      mean((i) => psnr(output(i), picture(i))),
      9,
    );
    expect(figures.ssim).toBeCloseTo(
      mean((i) => ssim(output(i), picture(i))),
      9,
    );
    expect(figures.psnrCopied).toBe(Number.POSITIVE_INFINITY);
    expect(figures.poseDetected).toBeCloseTo(27 / 30, 12);
    const { velocity } = motionFigures(
      all.map((i) => (i % 10 === 3 ? undefined : { joints: joints(i / 5 + 0.1) })),
      all.map((i) => ({ joints: joints(i / 5) })),
    );
    expect(figures.motionVelocity).toBeCloseTo(velocity, 12);
  });

  it('keep the pictures of twenty frames out of two thousand', async () => {
    const gathering = new Gathering();
    for (let i = 0; i < 2000; i++) await gathering.add(offered(i));
    const { best, worst } = gathering.extremes;
    expect([best.length, worst.length, gathering.series.length]).toEqual([10, 10, 2000]);
    expect(
      best.every(({ values }) => values.psnr === best[0]?.values.psnr || (values.psnr as number) > 30),
    ).toBe(true);
    expect(worst[0]?.values.psnr).toBe(
      Math.min(...gathering.series.map(({ values }) => values.psnr as number)),
    );
    expect(best[0]?.values.psnr).toBe(
      Math.max(...gathering.series.map(({ values }) => values.psnr as number)),
    );
  }, 60_000);

  it('make a page that needs nothing from outside', async () => {
    const gathering = new Gathering();
    for (let i = 1; i < 6; i++) await gathering.add(offered(i));
    const folder = mkdtempSync(join(tmpdir(), 'pirouette-report-'));
    const figures = gathering.figures();
    const path = writeReport(folder, { title: 'a <b>', device: 'Node', figures, sheet: 'data:,', gathering });
    const page = readFileSync(path, 'utf8');
    rmSync(folder, { recursive: true });
    expect(page).toContain('a &lt;b>');
    expect(page).toContain('<polyline');
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
    expect(page).not.toContain('NaN');
  });
});
