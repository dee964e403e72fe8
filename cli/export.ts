/**
 * Turns diffusers weights into a pack, or checks one.
 *   npm run export -- --weights DIR_OR_FILE --out DIR [--precision f16|f32|int8]
 *   npm run export -- --check DIR
 */
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PirouetteError } from '../src/errors.ts';
import { isStorage } from '../src/onnx/part.ts';
import { checkPack } from '../src/pack/check.ts';
import { exportPack } from '../src/pack/export.ts';
import { diskFolder, diskPackWriter } from './node-files.ts';

const USAGE = `Usage:
  npm run export -- --weights DIR_OR_FILE --out DIR [--precision f16|f32|int8]
  npm run export -- --check DIR`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      weights: { type: 'string' },
      out: { type: 'string' },
      precision: { type: 'string', default: 'f16' },
      check: { type: 'string' },
    },
  });
  if (values.check !== undefined) return check(values.check);
  const { weights, out, precision } = values;
  if (weights === undefined || out === undefined || !isStorage(precision)) {
    console.error(USAGE);
    return 2;
  }
  if (!existsSync(weights)) {
    console.error(`${weights} is not there.`);
    return 1;
  }
  const { folder, file } = placeOf(weights);
  const manifest = await exportPack(diskFolder(folder), diskPackWriter(out), {
    precision,
    file,
    onProgress,
    onNote: console.log,
  });
  const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  console.log(
    `${out}: ${manifest.unet.length} U-Net segments, ${(bytes / 2 ** 20).toFixed(1)} MiB in ${precision}.`,
  );
  return 0;
}

/** A weights file is read together with the configs beside it; one in `unet/` has them a folder further up. */
function placeOf(weights: string): { folder: string; file?: string } {
  if (statSync(weights).isDirectory()) return { folder: weights };
  const beside = dirname(resolve(weights));
  const folder = existsSync(join(beside, 'config.json')) ? dirname(beside) : beside;
  return { folder, file: relative(folder, resolve(weights)) };
}

let shown = 0;
function onProgress(done: number, total: number): void {
  const percent = Math.floor((100 * done) / total);
  if (percent === shown || !process.stderr.isTTY) return;
  shown = percent;
  process.stderr.write(`\r${percent} %${percent === 100 ? '\n' : ''}`);
}

async function check(directory: string): Promise<number> {
  const faults = await checkPack(diskFolder(directory), sha256);
  for (const fault of faults) console.error(fault);
  console.log(
    faults.length === 0 ? `${directory} is a sound pack.` : `Faults in ${directory}: ${faults.length}.`,
  );
  return faults.length === 0 ? 0 : 1;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof PirouetteError)) throw error;
  console.error(`${error.message}\n${error.remedy}`);
  process.exitCode = 1;
}
