/**
 * What loading a pack of about 600 MB costs the page: the peak of its JavaScript and wasm heaps, typed arrays included,
 * beyond the largest file of weights. `npm run bench -- memory [PACK]` loads a pack of your own instead.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePack } from '../tools/generate-pack.ts';
import { collectMemories, withHeapPeak } from '../tools/heap-meter.ts';
import { withPage } from '../tools/pages.ts';
import { serveDisk } from '../tools/serve-disk.ts';
import type { BenchResult } from './run.ts';

const MOST_ABOVE_MIB = 64;
const MIB = 2 ** 20;

export async function run([given]: readonly string[]): Promise<BenchResult> {
  const directory = given ?? mkdtempSync(join(tmpdir(), 'pirouette-memory-'));
  const server = await serveDisk(directory);
  try {
    if (given === undefined) await generatePack(directory, 'f16');
    const { files } = JSON.parse(readFileSync(join(directory, 'pack.json'), 'utf8'));
    const sizes = Object.values<{ bytes: number }>(files).map(({ bytes }) => bytes);
    const largest = Math.max(...sizes) / MIB;
    const start = performance.now();
    const { device, peak } = await measureLoading(server.url);
    const above = peak / MIB - largest;
    return {
      name: 'memory',
      device,
      figures: {
        packMiB: round(sizes.reduce((sum, bytes) => sum + bytes, 0) / MIB),
        largestSegmentMiB: round(largest),
        heapMiB: round(peak / MIB),
        // Above the largest segment.
        heapPeakMiB: round(above),
        loadSeconds: round((performance.now() - start) / 1000),
      },
      pass: above <= MOST_ABOVE_MIB,
    };
  } finally {
    server.close();
    if (given === undefined) rmSync(directory, { recursive: true });
  }
}

function measureLoading(pack: string): Promise<{ device: string; peak: number }> {
  return withPage('/bench/pages/memory.html', { webgpu: true }, async (page) => {
    await collectMemories(page);
    await page.waitForFunction(() => window.loadPack !== undefined);
    const { result, peak } = await withHeapPeak(page, () =>
      page.evaluate((url) => window.loadPack(url), pack),
    );
    return { device: result, peak };
  });
}

const round = (value: number): number => Math.round(value * 10) / 10;
