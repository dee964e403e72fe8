import { expect, test } from '@playwright/test';
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { withPage } from '../tools/pages.ts';
import { randomModel, SMALL_PAIR } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { ReferenceNetPage } from './pages/reference-net.ts';

declare const referenceNet: ReferenceNetPage;

test('a model with a reference net and an image encoder paints the same on both backends', async () => {
  // A software rasteriser compiles every shader of the networks with the processor.
  test.setTimeout(600_000);
  const model = { ...SMALL_PAIR, about: { ...SMALL_PAIR.about, size: [64, 64] } };
  const pack = await exportToMemory(memoryFolder('pair', randomModel(model)), 'f16');
  await withPage('/e2e/pages/reference-net.html', { webgpu: true }, async (page) => {
    await serveFiles(page, '/pack/', pack);
    await page.waitForFunction(() => 'referenceNet' in window);
    const expected = await page.evaluate(() => referenceNet.frames('wasm'));
    const found = await page.evaluate(() => referenceNet.frames('webgpu'));
    const apart = (a: readonly number[], b: readonly number[]) =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 999))), 0);
    expect(new Set(expected.first).size).toBeGreaterThan(50);
    expect(apart(expected.first, expected.second)).toBeGreaterThan(10);
    expect(apart(found.first, expected.first)).toBeLessThanOrEqual(2);
    expect(apart(found.second, expected.second)).toBeLessThanOrEqual(2);
    // What the reference net needed is given back, and used again.
    expect(found.more).toBe(0);
  });
});
