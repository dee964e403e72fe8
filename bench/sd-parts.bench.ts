/**
 * What comes with Stable Diffusion 1.5's size, at its full width and a reduced depth, against PyTorch: a CLIP vision
 * tower, a KL autoencoder there and back, and a denoiser with its reference net up to 1,280 channels, exported by the
 * real exporter and computed in the page. `--small` takes the fixtures in their place, `--backend wasm` one backend
 * alone, `--part reference-net` one part.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { diskPackWriter } from '../cli/node-files.ts';
import type { BackendKind } from '../src/engine/api.ts';
import { exportPack } from '../src/pack/export.ts';
import { withPage } from '../tools/pages.ts';
import { partFolder } from '../tools/part-folder.ts';
import { serveDisk } from '../tools/serve-disk.ts';
import { torchPython } from '../tools/torch-python.ts';
import { worst } from './pages/parity-checks.ts';
import type { PartCheck, PartFound } from './pages/sd-parts.ts';
import type { Bench } from './run.ts';

const MOST_ERROR = 5e-3;

const PARTS = ['image-encoder', 'autoencoder', 'reference-net'];
const FIXTURES: Readonly<Record<string, string>> = {
  'image-encoder': 'fixtures/image-encoder/quick-gelu',
  autoencoder: 'fixtures/diffusers-autoencoders/kl',
  'reference-net': 'fixtures/reference-net',
};

export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: { type: 'string', multiple: true, default: ['wasm', 'webgpu'] },
      part: { type: 'string', multiple: true, default: PARTS },
      small: { type: 'boolean', default: false },
    },
  });
  const directory = mkdtempSync(join(tmpdir(), 'pirouette-sd-parts-'));
  const figures: Record<string, number> = {};
  const devices = new Set<string>();
  try {
    for (const part of values.part) {
      const weights = values.small ? FIXTURES[part] : join(directory, part, 'weights');
      if (weights === undefined) throw new Error(`There is no part ${part}; there are ${PARTS.join(', ')}.`);
      if (!values.small) {
        execFileSync(torchPython(), ['tools/torch-parts.py', part, '--full', '--out', weights], {
          stdio: 'inherit',
        });
      }
      const { files } = await exportPack(partFolder(weights), diskPackWriter(join(directory, part, 'pack')), {
        // The fixtures hold what halves cannot; what is made for this is rounded to them.
        precision: values.small ? 'f32' : 'f16',
      });
      copyFileSync(join(weights, 'io.safetensors'), join(directory, part, 'io.safetensors'));
      const bytes = Object.values(files).map((file) => file.bytes);
      figures[`${part}.packMiB`] = Math.round(bytes.reduce((sum, size) => sum + size, 0) / 2 ** 20);
      for (const backend of values.backend as BackendKind[]) {
        const { device, errors } = await checkInPage(join(directory, part), backend);
        devices.add(device);
        for (const [name, error] of Object.entries(errors)) figures[`${part}.${backend}.${name}`] = error;
        figures[`${part}.${backend}.maxError`] = worst(errors);
      }
      rmSync(join(directory, part), { recursive: true });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const errors = Object.entries(figures).filter(([name]) => name.endsWith('.maxError'));
  const pass = errors.length > 0 && errors.every(([, error]) => error <= MOST_ERROR);
  return { name: 'sd-parts', device: [...devices].join('; '), figures, pass };
};

async function checkInPage(directory: string, backend: BackendKind): Promise<PartFound> {
  const server = await serveDisk(directory);
  try {
    return await withPage('/bench/pages/sd-parts.html', { webgpu: true }, (page) =>
      check(page, { url: server.url, backend }),
    );
  } finally {
    server.close();
  }
}

async function check(page: Page, part: PartCheck): Promise<PartFound> {
  await page.waitForFunction(() => 'checkPart' in window);
  return page.evaluate((it) => (window as unknown as PartPage).checkPart(it), part);
}

interface PartPage {
  checkPart(check: PartCheck): Promise<PartFound>;
}
