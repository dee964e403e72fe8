import { parseArgs } from 'node:util';
import type { EngineBench } from '../e2e/pages/engine.ts';
import { withPage } from '../tools/pages.ts';
import { servePack } from '../tools/serve-files.ts';
import type { Bench } from './run.ts';

/** Frames timed for each number of steps. */
const FRAMES = 3;

/** One frame of a pack on WASM with two threads, as the app renders it: `--pack DIR|URL` for another pack. */
export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: { pack: { type: 'string', default: 'public/packs/default' } },
  });
  return withPage('/e2e/pages/engine.html', {}, async (page) => {
    const url = await servePack(page, values.pack);
    const { device, threads, many, few } = await page.evaluate(
      async ([address, frames]) => {
        const { bench } = window as unknown as { bench: EngineBench };
        const info = await bench.load(address, { backend: 'wasm', threads: 2 });
        await bench.reference();
        const options = { width: 256, height: 256, guidance: info.manifest.defaults.guidance };
        const many = await bench.time(frames, { ...options, steps: 25 });
        const few = await bench.time(frames, { ...options, steps: 4 });
        return { device: info.device, threads: info.threads, many, few };
      },
      [url, FRAMES] as const,
    );
    const figures = {
      secondsPerFrame25: many.seconds,
      secondsPerFrame4: few.seconds,
      decodeSeconds: many.decodeSeconds,
      retouchSeconds: many.retouchSeconds,
      threads,
    };
    const pass = many.seconds <= 4 && few.seconds <= 1 && many.decodeSeconds <= 0.3 && threads === 2;
    return { name: 'frame', device, figures, pass };
  });
};
