import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import type { BackendKind } from '../src/engine/api.ts';
import { exportFixture } from '../tools/fixture-pack.ts';
import { withPage } from '../tools/pages.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { FixtureCheck, FixtureErrors } from './pages/parity.ts';
import { worst } from './pages/parity-checks.ts';
import type { Bench } from './run.ts';

const FIXTURES = [
  'fixtures/diffusers-unet',
  'fixtures/parity/convolution',
  'fixtures/parity/linear',
  'fixtures/diffusers-autoencoders/tiny',
];

/**
 * Exported networks on every backend against what PyTorch computed: `--fixture DIR` for another folder of weights and
 * their `io.safetensors`, `--backend` for one backend, `--verbose` for every single error.
 */
export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      fixture: { type: 'string', multiple: true, default: FIXTURES },
      backend: { type: 'string', multiple: true, default: ['wasm', 'webgpu'] },
      verbose: { type: 'boolean', default: false },
    },
  });
  return withPage('/bench/pages/parity.html', { webgpu: true }, async (page) => {
    const devices = new Set<string>();
    const figures = { maxErrorF32: 0, maxErrorF16: 0, causalMaskError: 0, checks: 0 };
    for (const [i, fixture] of values.fixture.entries()) {
      for (const precision of ['f32', 'f16'] as const) {
        const url = `/parity/${i}-${precision}/`;
        await serveFiles(page, url, await exportFixture(fixture, precision));
        for (const backend of values.backend as BackendKind[]) {
          const { device, errors, causalMaskError } = await check(page, { url, backend, precision });
          if (values.verbose) console.error(fixture, precision, backend, errors, { causalMaskError });
          devices.add(device);
          const figure = precision === 'f32' ? 'maxErrorF32' : 'maxErrorF16';
          figures[figure] = worst({ before: figures[figure], now: worst(errors) });
          figures.causalMaskError = worst({ before: figures.causalMaskError, now: causalMaskError ?? 0 });
          figures.checks += Object.keys(errors).length;
        }
      }
    }
    const pass =
      figures.maxErrorF32 <= 1e-3 && figures.maxErrorF16 <= 2e-2 && figures.causalMaskError <= 1e-4;
    return { name: 'parity', device: [...devices].join('; '), figures, pass };
  });
};

async function check(page: Page, fixture: FixtureCheck): Promise<FixtureErrors> {
  return page.evaluate((it) => (window as unknown as ParityPage).checkFixture(it), fixture);
}

interface ParityPage {
  checkFixture(check: FixtureCheck): Promise<FixtureErrors>;
}
