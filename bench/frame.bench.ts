import { parseArgs } from 'node:util';
import type { EngineBench } from '../e2e/pages/engine.ts';
import { withPage } from '../tools/pages.ts';
import { servePack } from '../tools/serve-files.ts';
import type { Bench } from './run.ts';

/** Frames timed for each number of steps, after one that is not. */
const FRAMES = 3;

/** One frame of a pack on WASM with two threads, as the app renders it: `--pack DIR|URL` for another pack. */
export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: { pack: { type: 'string', default: 'public/packs/default' } },
  });
  return withPage('/e2e/pages/engine.html', {}, async (page) => {
    const url = await servePack(page, values.pack);
    const measured = await page.evaluate(
      async ([address, frames]) => {
        const { bench } = window as unknown as { bench: EngineBench };
        const { device, threads, manifest } = await bench.load(address, { backend: 'wasm', threads: 2 });
        await bench.reference();
        const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
        const time = async (steps: number) => {
          const options = { width: 256, height: 256, steps, guidance: manifest.defaults.guidance };
          const runs = [];
          for (let i = 0; i <= frames; i++) runs.push((await bench.frame(options, i / frames)).timings);
          const timed = runs.slice(1);
          return {
            seconds: median(timed.map(({ denoiseMs, decodeMs }) => (denoiseMs + decodeMs) / 1000)),
            decodeSeconds: median(timed.map(({ decodeMs }) => decodeMs / 1000)),
          };
        };
        const [many, few] = [await time(25), await time(4)];
        return { device, threads, many, few };
      },
      [url, FRAMES] as const,
    );
    const { device, threads, many, few } = measured;
    const figures = {
      secondsPerFrame25: many.seconds,
      secondsPerFrame4: few.seconds,
      decodeSeconds: many.decodeSeconds,
      threads,
    };
    const pass = many.seconds <= 4 && few.seconds <= 1 && many.decodeSeconds <= 0.3 && threads === 2;
    return { name: 'frame', device, figures, pass };
  });
};
