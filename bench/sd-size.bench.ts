/**
 * A pack of Stable Diffusion 1.5's size (860 million parameters, random weights), from checkpoint to prediction: what
 * exporting it costs, what the page holds while it loads and runs, and how far its numbers are from PyTorch's.
 * `--backend wasm` computes on the processor, where the heap holds the weights themselves; `--precision int8` stores the
 * large weights in 8 bits, which cost some exactness; `--keep DIR` leaves the gigabytes in a folder, to be used again.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { generateCheckpoint } from '../tools/generate-checkpoint.ts';
import { collectMemories, withHeapPeak } from '../tools/heap-meter.ts';
import { withPage } from '../tools/pages.ts';
import { serveDisk } from '../tools/serve-disk.ts';
import { torchPython } from '../tools/torch-python.ts';
import { worst } from './pages/parity-checks.ts';
import type { SdSizeCheck, SdSizeFound } from './pages/sd-size.ts';
import type { Bench } from './run.ts';

const MIB = 2 ** 20;
/** At 128 pixels a side. */
const LATENTS = 16;
const MOST_ERROR = { f16: 5e-3, int8: 0.25 };
const MOST_HEAP_ABOVE_MIB = 400;
const MOST_EXPORT_SECONDS = 180;
const MOST_EXPORT_MIB = 3 * 1024;

export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: { type: 'string', default: 'webgpu' },
      precision: { type: 'string', default: 'f16' },
      keep: { type: 'string' },
      widths: { type: 'string' },
    },
  });
  const backend = values.backend === 'wasm' ? 'wasm' : 'webgpu';
  const precision = values.precision === 'int8' ? 'int8' : 'f16';
  const directory = values.keep ?? mkdtempSync(join(tmpdir(), 'pirouette-sd-size-'));
  const [weights, pack, truth] = ['weights', 'pack', 'truth.safetensors'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  try {
    if (!existsSync(truth)) {
      const widths = values.widths?.split(',').map(Number);
      await generateCheckpoint(weights, { dtype: 'F16', shards: 1, ...(widths && { widths }) });
      const script = ['tools/torch-truth.py', '--weights', weights, '--out', truth];
      await commandOutput(torchPython(), [...script, '--latents', String(LATENTS)]);
    }
    const exported = await measureExport(weights, pack, precision);
    const { files } = JSON.parse(readFileSync(join(pack, 'pack.json'), 'utf8'));
    const sizes = Object.values<{ bytes: number }>(files).map(({ bytes }) => bytes);
    const largest = Math.max(...sizes) / MIB;
    const { found, peak } = await checkInPage(directory, backend);
    const above = peak / MIB - largest;
    const maxError = worst(found.errors);
    const figures = {
      packMiB: round(sizes.reduce((sum, bytes) => sum + bytes, 0) / MIB),
      largestSegmentMiB: round(largest),
      exportSeconds: round(exported.seconds),
      exportProcessorSeconds: round(exported.processorSeconds),
      exportPeakMiB: round(exported.peakMiB),
      heapMiB: round(peak / MIB),
      heapAboveLargestSegmentMiB: round(above),
      maxError,
      ...found.errors,
      loadSeconds: round(found.loadSeconds),
      secondsAnEvaluation: round(found.secondsAnEvaluation),
    };
    const pass =
      maxError <= MOST_ERROR[precision] &&
      (backend === 'wasm' || above <= MOST_HEAP_ABOVE_MIB) &&
      exported.seconds <= MOST_EXPORT_SECONDS &&
      exported.peakMiB <= MOST_EXPORT_MIB;
    return { name: 'sd-size', device: found.device, figures, pass };
  } finally {
    if (values.keep === undefined) rmSync(directory, { recursive: true });
  }
};

async function checkInPage(
  directory: string,
  backend: SdSizeCheck['backend'],
): Promise<{ found: SdSizeFound; peak: number }> {
  const server = await serveDisk(directory);
  try {
    return await withPage('/bench/pages/sd-size.html', { webgpu: true }, async (page) => {
      await collectMemories(page);
      await page.waitForFunction(() => 'checkSdSize' in window);
      const check: SdSizeCheck = {
        pack: `${server.url}/pack`,
        truth: `${server.url}/truth.safetensors`,
        backend,
      };
      const { result, peak } = await withHeapPeak(page, () => checkOn(page, check));
      return { found: result, peak };
    });
  } finally {
    server.close();
  }
}

function checkOn(page: Page, check: SdSizeCheck): Promise<SdSizeFound> {
  return page.evaluate((it) => (window as unknown as SdSizePage).checkSdSize(it), check);
}

interface SdSizePage {
  checkSdSize(check: SdSizeCheck): Promise<SdSizeFound>;
}

/** Runs in the exporter's process, and has it say at its end what it took. */
const TELL_COST = `data:text/javascript,${encodeURIComponent(
  `process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    console.log(JSON.stringify({ maxRSS, microseconds: userCPUTime + systemCPUTime }));
  })`,
)}`;

interface ExportCost {
  readonly seconds: number;
  /** Of all threads; less than `seconds` on a machine that is busy with other work. */
  readonly processorSeconds: number;
  readonly peakMiB: number;
}

/** The very command that a person runs, in a process of its own; its memory is all that the system gave it. */
async function measureExport(weights: string, out: string, precision: string): Promise<ExportCost> {
  const started = performance.now();
  const script = ['cli/export.ts', '--weights', weights, '--out', out, '--precision', precision];
  const said = await commandOutput(process.execPath, ['--import', TELL_COST, '--import', 'tsx', ...script]);
  const { maxRSS, microseconds } = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '');
  const seconds = (performance.now() - started) / 1000;
  return { seconds, processorSeconds: microseconds / 1e6, peakMiB: maxRSS / 1024 };
}

function commandOutput(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}.`));
    });
  });
}

const round = (value: number): number => Math.round(value * 10) / 10;
