/**
 * What the studio costs beside the engine: another background paints nothing, a loop decodes each frame once, twenty
 * films leave little behind, and a joint follows the finger in a dance of 1,800 poses. The engine paints noise at once.
 */
import { cpus } from 'node:os';
import { withPage } from '../tools/pages.ts';
import type { Bench } from './run.ts';

const FILMS = 20;
const FRAMES = 40;
const LOOP = 200;
const POSES = 1800;

const MOST_HEAP_MIB = 40;
const LEAST_KEPT = 0.95;
const MOST_MOVE_MS = 50;

export const run: Bench = () =>
  withPage('/bench/pages/studio.html', { args: ['--js-flags=--expose-gc'] }, async (page) => {
    await page.waitForFunction(() => window.studioBench !== undefined);
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      const usage = (await session.send('Runtime.getHeapUsage')) as Record<string, number>;
      return ((usage.usedSize ?? 0) + (usage.backingStorageSize ?? 0)) / 2 ** 20;
    };
    const repainted = await page.evaluate((frames) => window.studioBench.repainted(frames), FRAMES);
    const kept = await page.evaluate((frames) => window.studioBench.keptOfDecoded(frames, 3), LOOP);
    const drag = await page.evaluate((poses) => window.studioBench.drag(poses, 100), POSES);

    // The first film brings code and caches that stay.
    await page.evaluate((frames) => window.studioBench.makeAndLeave(frames, 1000), FRAMES);
    const before = await heap();
    for (let seed = 0; seed < FILMS; seed++)
      await page.evaluate(([frames, n]) => window.studioBench.makeAndLeave(frames, n), [
        FRAMES,
        2000 + seed,
      ] as const);
    const growth = (await heap()) - before;
    return {
      name: 'studio',
      device: `Chromium on ${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
      figures: {
        repaintedAfterBackgroundChange: repainted,
        framesKeptOfDecoded: Number(kept.toFixed(3)),
        heapGrowthMiB: Number(growth.toFixed(1)),
        films: FILMS,
        dragMoveMs95: Number(drag.moveMs95.toFixed(1)),
        dragRestMs: Number(drag.restMs.toFixed(0)),
        poses: POSES,
      },
      pass: repainted === 0 && kept >= LEAST_KEPT && growth <= MOST_HEAP_MIB && drag.moveMs95 <= MOST_MOVE_MS,
    };
  });
