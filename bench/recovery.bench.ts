/**
 * Engines on WebGPU that die at work, one after another (`--deaths N`): by a device that is destroyed with work queued or
 * idle, by a device that never answers again, and by the end of their worker. Each frame must come all the same, and be
 * the one that an unharmed engine makes. The worst time holds a new worker with its compiled shaders, and for a silent
 * device the two seconds that it is waited for here.
 */
import { parseArgs } from 'node:util';
import type { EngineBench } from '../e2e/pages/engine.ts';
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { withPage } from '../tools/pages.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { Bench } from './run.ts';

declare const bench: EngineBench;

const KINDS = ['busy', 'idle', 'ended', 'silent'] as const;

export const run: Bench = async (args) => {
  const { values } = parseArgs({ args: [...args], options: { deaths: { type: 'string', default: '200' } } });
  const deaths = Array.from({ length: Number(values.deaths) }, (_, i) => KINDS[i % KINDS.length] as 'busy');
  const small = { ...SMALL_MODEL, about: { ...SMALL_MODEL.about, size: [64, 64] } };
  const pack = await exportToMemory(memoryFolder('small', randomModel(small)), 'f16');
  return withPage('/e2e/pages/engine.html', { webgpu: true }, async (page) => {
    await serveFiles(page, '/pack/', pack);
    const { before, after } = await page.evaluate(
      (all) => bench.onFragileEngine('/pack/', all, { width: 64, height: 64, steps: 2 }),
      deaths,
    );
    const sameFrame = after.filter(({ hash }) => hash === before.hash).length;
    const worstSeconds = Math.max(...after.map(({ seconds }) => seconds));
    // A death that hangs never comes back: the bench itself would not end.
    const hung = deaths.length - after.length;
    return {
      name: 'recovery',
      device: 'WebGPU of this browser',
      figures: { deaths: deaths.length, hung, sameFrame, worstSeconds: Number(worstSeconds.toFixed(1)) },
      pass: deaths.length > 0 && hung === 0 && sameFrame === deaths.length,
    };
  });
};
