/**
 * A ten-minute 720p clip, made in the page, is decoded, has every tenth frame looked at by the pose worker and is
 * written again. The page's heap may grow by no more than 150 MB on the way. `--minutes N` makes it shorter.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { withPage } from '../tools/pages.ts';
import type { MediaMemory } from './pages/media-memory.ts';
import type { Bench } from './run.ts';

declare global {
  interface Window {
    mediaMemory: MediaMemory;
  }
}

const MOST_GROWTH_MB = 150;
const SAMPLE_EVERY_MS = 4000;

export const run: Bench = async (args) => {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string', default: '10' } } });
  const seconds = Math.round(Number(values.minutes) * 60);
  // Without the flag the browser puts its answer off until the next convenient collection.
  const options = { args: ['--enable-blink-features=ForceEagerMeasureMemory'] };
  return withPage('/bench/pages/media-memory.html', options, async (page) => {
    await page.waitForFunction(() => window.mediaMemory !== undefined);
    const heap = () => page.evaluate(() => window.mediaMemory.heapMegabytes());
    await page.evaluate((seconds) => window.mediaMemory.makeClip(seconds), seconds);
    const before = await heap();
    let most = before;
    let samples = 0;
    let running = true;
    const passage = page
      .evaluate(() => window.mediaMemory.passThrough())
      .finally(() => {
        running = false;
      });
    passage.catch(() => {});
    while (running) {
      most = Math.max(most, await heap());
      samples++;
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
    }
    const { frames, poses, resultFrames, resultSeconds, resultMegabytes, secondsTaken } = await passage;
    const growth = most - before;
    const whole =
      frames === seconds * 25 && resultFrames === frames && Math.abs(resultSeconds - seconds) < 0.04;
    return {
      name: 'media-memory',
      device: `Chromium on ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
      figures: {
        clipSeconds: seconds,
        frames,
        poses,
        resultFrames,
        resultSeconds,
        resultMegabytes: Number(resultMegabytes.toFixed(1)),
        heapBeforeMB: Number(before.toFixed(1)),
        heapGrowthMB: Number(growth.toFixed(1)),
        heapSamples: samples,
        secondsTaken: Number(secondsTaken.toFixed(1)),
      },
      pass: whole && poses >= Math.ceil(frames / 10) * 0.95 && samples > 2 && growth <= MOST_GROWTH_MB,
    };
  });
};
