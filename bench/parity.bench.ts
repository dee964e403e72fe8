import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import type { BackendKind } from '../src/engine/api.ts';
import { PirouetteError } from '../src/errors.ts';
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
  'fixtures/parity/odd-size',
  'fixtures/diffusers-autoencoders/tiny',
];
const BACKENDS = ['wasm', 'webgpu'] as const;
const MOST = { f32: 1e-3, f16: 2e-2, causalMask: 1e-4, batch: 1e-5 };

/**
 * Exported networks on every backend against what PyTorch computed: `--fixture DIR` for another folder of weights and
 * their `io.safetensors`, `--backend` for one backend, `--verbose` for every single error.
 */
export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      fixture: { type: 'string', multiple: true, default: FIXTURES },
      backend: { type: 'string', multiple: true, default: [...BACKENDS] },
      verbose: { type: 'boolean', default: false },
    },
  });
  for (const directory of values.fixture) expectFixture(directory);
  const kinds = values.backend.map(backendNamed);
  return withPage('/bench/pages/parity.html', { webgpu: kinds.includes('webgpu') }, async (page) => {
    page.on('console', (message) => {
      if (message.type() === 'info') console.error(message.text());
    });
    const devices = new Set<string>();
    const found: Record<'f32' | 'f16', number[]> = { f32: [], f16: [] };
    const masks: number[] = [];
    const batches: number[] = [];
    for (const backend of kinds) {
      for (const precision of ['f32', 'f16'] as const) {
        for (const [i, fixture] of values.fixture.entries()) {
          const started = performance.now();
          const url = `/parity/${i}-${precision}/`;
          await serveFiles(page, url, await exportFixture(fixture, precision));
          const { device, errors, causalMaskError, batchError, unchecked } = await check(page, {
            url,
            backend,
            precision,
          });
          devices.add(device);
          found[precision].push(...Object.values(errors));
          if (causalMaskError !== null) masks.push(causalMaskError);
          if (batchError !== null) batches.push(batchError);
          const seconds = ((performance.now() - started) / 1000).toFixed(1);
          console.error(
            `${fixture}, ${precision} on ${backend}: ${Object.keys(errors).length} checks, ` +
              `the worst error ${worst(errors).toExponential(1)}, ${seconds} s`,
          );
          if (unchecked.length > 0) console.error(`  nothing here compares ${unchecked.join(', ')}`);
          if (values.verbose) console.error(errors, { causalMaskError, batchError });
        }
      }
    }
    const [maxErrorF32, maxErrorF16] = [worst(found.f32), worst(found.f16)];
    // An autoencoder alone has no passes to compare.
    const causalMaskError = masks.length > 0 ? worst(masks) : null;
    const batchError = batches.length > 0 ? worst(batches) : null;
    const checks = found.f32.length + found.f16.length;
    return {
      name: 'parity',
      device: [...devices].join('; '),
      figures: { maxErrorF32, maxErrorF16, causalMaskError, batchError, checks },
      pass:
        checks > 0 &&
        maxErrorF32 <= MOST.f32 &&
        maxErrorF16 <= MOST.f16 &&
        (causalMaskError ?? 0) <= MOST.causalMask &&
        (batchError ?? 0) <= MOST.batch,
    };
  });
};

function backendNamed(name: string): BackendKind {
  const kind = BACKENDS.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new PirouetteError(`There is no backend ${name}.`, `Take one of ${BACKENDS.join(', ')}.`);
}

function expectFixture(directory: string): void {
  if (existsSync(join(directory, 'io.safetensors'))) return;
  throw new PirouetteError(
    `${directory} has no io.safetensors.`,
    'Give a folder with a U-Net or an autoencoder, their configs, and what they compute in io.safetensors.',
  );
}

async function check(page: Page, fixture: FixtureCheck): Promise<FixtureErrors> {
  return page.evaluate((it) => (window as unknown as ParityPage).checkFixture(it), fixture);
}

interface ParityPage {
  checkFixture(check: FixtureCheck): Promise<FixtureErrors>;
}
