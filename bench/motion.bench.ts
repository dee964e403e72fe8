/**
 * Motion modules on every backend: against diffusers' own UNetMotionModel (`--fixture DIR` for another one: its
 * unet_config.json, unet.safetensors and io.safetensors), a clip in windows against PyTorch's frames that go through
 * every step together (reference, poses, guidance), a live session's ring against a whole clip under a causal mask, and
 * what a long clip takes beside a short one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { diskFolder } from '../cli/node-files.ts';
import type { BackendKind } from '../src/engine/api.ts';
import { WasmDevice } from '../src/engine/wasm/device.ts';
import { PirouetteError } from '../src/errors.ts';
import type { Pack } from '../src/pack/manifest.ts';
import { type ClipMemory, clipMemory } from '../tools/clip-memory.ts';
import { exportToMemory, memoryPack } from '../tools/memory-pack.ts';
import { motionPack } from '../tools/motion-pack.ts';
import { withPage } from '../tools/pages.ts';
import { ringError } from '../tools/ring-error.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { MotionCheck, MotionErrors, WindowsCheck } from './pages/motion.ts';
import type { Bench } from './run.ts';

const FIXTURE = 'fixtures/diffusers-motion';
const WINDOWS = 'fixtures/parity/motion';
const MOST = { f32: 1e-3, windows: 1e-3, ring: 1e-4, growth: 1.05 };

export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      fixture: { type: 'string', multiple: true, default: [FIXTURE] },
      backend: { type: 'string', multiple: true, default: ['wasm', 'webgpu'] },
      verbose: { type: 'boolean', default: false },
    },
  });
  for (const directory of values.fixture) expectFixture(directory);
  const kinds = values.backend as BackendKind[];
  return withPage('/bench/pages/motion.html', { webgpu: kinds.includes('webgpu') }, async (page) => {
    const devices = new Set<string>();
    const byBackend: Record<string, number> = {};
    const windows: number[] = [];
    const tell = (what: string, backend: string, { device, errors }: MotionErrors, into: number[]) => {
      devices.add(device);
      into.push(...Object.values(errors));
      console.error(
        `${what} on ${backend}: the worst error ${worst(Object.values(errors)).toExponential(1)}`,
      );
      if (values.verbose) console.error(errors);
    };
    for (const backend of kinds) {
      const found: number[] = [];
      for (const [i, fixture] of values.fixture.entries()) {
        const url = `/motion/${i}/`;
        await serveFiles(page, url, await motionPack(fixture, 'f32'));
        const check: MotionCheck = { url, backend };
        const made = await page.evaluate((it) => (window as unknown as MotionPage).checkMotion(it), check);
        tell(fixture, backend, made, found);
      }
      byBackend[backend] = worst(found);
      const url = '/motion/windows/';
      const files = new Map(await exportToMemory(diskFolder(WINDOWS), 'f32'));
      files.set('io.safetensors', new Uint8Array(readFileSync(join(WINDOWS, 'io.safetensors'))));
      await serveFiles(page, url, files);
      const settings = JSON.parse(readFileSync(join(WINDOWS, 'clip.json'), 'utf8'));
      const check: WindowsCheck = { ...settings, url, backend };
      const made = await page.evaluate((it) => (window as unknown as MotionPage).checkWindows(it), check);
      tell('A clip in windows', backend, made, windows);
    }
    const maxErrorF32 = worst(Object.values(byBackend));
    const windowsError = worst(windows);
    const causalRingError = await ringError();
    const pack = memoryPack(await motionPack(values.fixture[0] as string, 'f32'));
    const [short, long] = [await memoryOf(pack, 48), await memoryOf(pack, 120)];
    const peakIndependentOfLength = long.peak / short.peak;
    return {
      name: 'motion',
      device: [...devices].join('; '),
      figures: {
        maxErrorF32,
        ...Object.fromEntries(kinds.map((kind) => [`maxErrorF32.${kind}`, byBackend[kind] ?? null])),
        windowsError,
        causalRingError,
        clipPeakMiB: Math.round((10 * long.peak) / 2 ** 20) / 10,
        peakIndependentOfLength,
        bytesLeft: long.left,
      },
      pass:
        maxErrorF32 <= MOST.f32 &&
        windowsError <= MOST.windows &&
        causalRingError <= MOST.ring &&
        peakIndependentOfLength <= MOST.growth &&
        long.left === 0,
    };
  });
};

/** On the processor, and by what the engine asks of the device: one step, at the fixture's own size. */
function memoryOf(pack: Pack, frames: number): Promise<ClipMemory> {
  const width = pack.manifest.configs.unet.cross_attention_dim ?? 1;
  return clipMemory(new WasmDevice({ threads: 1 }), pack, { width: 64, height: 64 }, frames, [1, 3, width]);
}

/** NaN where one is NaN, and where there is none. */
const worst = (errors: readonly number[]): number => (errors.length === 0 ? Number.NaN : Math.max(...errors));

function expectFixture(directory: string): void {
  const missing = ['unet_config.json', 'unet.safetensors', 'io.safetensors'].filter(
    (file) => !existsSync(join(directory, file)),
  );
  if (missing.length === 0) return;
  throw new PirouetteError(
    `${directory} has no ${missing.join(', ')}.`,
    "Give a folder with diffusers' UNetMotionModel, its config, and what it computes in io.safetensors.",
  );
}

interface MotionPage {
  checkMotion(check: MotionCheck): Promise<MotionErrors>;
  checkWindows(check: WindowsCheck): Promise<MotionErrors>;
}
