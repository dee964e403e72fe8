import { parseArgs } from 'node:util';
import { withPage } from '../tools/pages.ts';
import { servePack } from '../tools/serve-files.ts';
import type { CacheResult } from './pages/cache.ts';
import type { Bench } from './run.ts';

/** What keeping the reference's keys and values saves: `--pack DIR|URL` for another pack. */
export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pack: { type: 'string', default: 'public/packs/default' },
      threads: { type: 'string', default: '2' },
      runs: { type: 'string', default: '5' },
    },
  });
  return withPage('/bench/pages/cache.html', {}, async (page) => {
    const url = await servePack(page, values.pack);
    const { device, cachedMs, repeatedMs, maxDifference } = await page.evaluate(
      ([address, threads, runs]) => (window as unknown as CachePage).compareCache(address, threads, runs),
      [url, Number(values.threads), Number(values.runs)] as const,
    );
    const speedup = repeatedMs / cachedMs;
    const figures = { speedup, maxDifference, cachedMs, repeatedMs };
    return { name: 'cache', device, figures, pass: speedup >= 1.7 && maxDifference <= 1e-6 };
  });
};

interface CachePage {
  compareCache(pack: string, threads: number, runs: number): Promise<CacheResult>;
}
