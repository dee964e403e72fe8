/**
 * Animates a photo with a clip, without a screen: the built app in headless Chromium. `--help` says how.
 * Exit codes: 0 done, 1 the work failed (the reason is on standard error), 2 the command line was wrong.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Download, Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { build, preview } from 'vite';
import type { HeadlessAnswer, HeadlessJob, HeadlessProgress, HeadlessResult } from '../src/headless.ts';
import type { Format } from '../src/state/save.ts';
import { launchChromium } from '../tools/chromium.ts';
import { type AnimateOptions, formatOf, parseOptions, USAGE, UsageError } from './animate-options.ts';

/** A fault with a remedy, from the app or from here. */
class AnimateError extends Error {}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  const options = parseOptions(args);
  checkPaths(options);
  const result = await animate(options);
  if (options.json) console.log(JSON.stringify(result));
  else {
    const { frames, width, height, seconds, device } = result;
    const where = [options.out, options.frames].filter(Boolean).join(' and ');
    console.log(`${where}: ${frames} frames of ${width}x${height} in ${seconds.toFixed(1)} s on ${device}.`);
  }
  return 0;
}

/** Now, not when the work is done. */
function checkPaths({ references, motion, poses, pack, out, frames }: AnimateOptions): void {
  for (const path of [...references, motion, poses]) {
    if (path === undefined) continue;
    if (!existsSync(path)) throw new AnimateError(`${path} is not there.`);
    if (!statSync(path).isFile()) throw new AnimateError(`${path} is not a file.`);
  }
  if (pack && !isAddress(pack) && !existsSync(pack)) throw new AnimateError(`${pack} is not there.`);
  if (out && existsSync(out) && !statSync(out).isFile()) {
    throw new AnimateError(`--out ${out} is a folder. Give it the name of a file.`);
  }
  if (out) expectWritable('--out', out);
  if (frames) expectWritable('--frames', frames);
}

function expectWritable(option: string, path: string): void {
  // What is not there yet will be made, in the nearest folder above that is.
  let place = resolve(path);
  while (!existsSync(place)) place = dirname(place);
  const isOldFile = option === '--out' && place === resolve(path);
  try {
    accessSync(place, constants.W_OK);
    if (!isOldFile && !statSync(place).isDirectory()) throw new Error(`${place} is no folder`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new AnimateError(`${option} ${path} cannot be written: ${reason}. Choose another place.`);
  }
}

async function animate(options: AnimateOptions): Promise<HeadlessResult> {
  if (!existsSync('dist/headless.html')) {
    console.error('Building the app first…');
    await build({ logLevel: 'error' });
  }
  const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  const browser = await launchChromium(options.settings.backend === 'wasm' ? {} : { webgpu: 'any' });
  try {
    const context = await browser.newContext({ acceptDownloads: true, serviceWorkers: 'block' });
    const page = await context.newPage();
    const address = server.httpServer.address();
    if (address === null || typeof address === 'string')
      throw new AnimateError('The local server did not start.');
    await page.exposeFunction('reportProgress', showProgress);
    await page.goto(`http://127.0.0.1:${address.port}/headless.html`);
    return await run(page, options);
  } finally {
    await browser.close();
    await server.close();
  }
}

async function run(page: Page, options: AnimateOptions): Promise<HeadlessResult> {
  const give = (id: string, paths: readonly (string | undefined)[]) =>
    page.setInputFiles(
      `#${id}`,
      paths.filter((path) => path !== undefined),
    );
  await give('references', options.references);
  if (options.motion) await give('motion', [options.motion]);
  if (options.poses) await give('poses', [options.poses]);
  const { pack } = options;
  if (pack && !isAddress(pack)) await give(statSync(pack).isDirectory() ? 'pack-folder' : 'pack-zip', [pack]);

  const formats: Format[] = [
    ...(options.out ? [formatOf(options.out)] : []),
    ...(options.frames ? (['png'] as const) : []),
  ];
  const job: HeadlessJob = {
    settings: options.settings,
    formats,
    ...(options.start !== undefined && { start: options.start }),
    ...(options.end !== undefined && { end: options.end }),
    ...(pack && isAddress(pack) && { packUrl: pack }),
  };
  const downloads: Download[] = [];
  page.on('download', (download) => downloads.push(download));
  const crashed = new Promise<never>((_, reject) => {
    page.on('crash', () =>
      reject(new AnimateError('The browser ran out of memory. Choose a smaller --size.')),
    );
  });
  const answer = await Promise.race([
    page.evaluate((asked): Promise<HeadlessAnswer> => window.pirouette.animate(asked), job),
    crashed,
  ]);
  endProgress();
  if ('problem' in answer) throw new AnimateError(`${answer.problem.message}\n${answer.problem.remedy}`);
  for (const warning of answer.result.warnings) console.error(`Note: ${warning}`);
  while (downloads.length < formats.length) downloads.push(await page.waitForEvent('download'));
  await saveDownloads(downloads, options);
  return answer.result;
}

/** The page hands out its files in the order that they were asked for: the film, then the frames. */
async function saveDownloads(downloads: Download[], { out, frames }: AnimateOptions): Promise<void> {
  if (out) await downloads.shift()?.saveAs(out);
  if (!frames) return;
  const folder = mkdtempSync(join(tmpdir(), 'pirouette-'));
  try {
    const zip = join(folder, 'frames.zip');
    await downloads.shift()?.saveAs(zip);
    mkdirSync(frames, { recursive: true });
    for (const [name, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
      if (name.endsWith('.png')) writeFileSync(join(frames, basename(name)), bytes);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isAddress = (pack: string) => /^https?:\/\//.test(pack);

const STAGES: Readonly<Record<HeadlessProgress['stage'], string>> = {
  reading: 'Reading photo and clip',
  loading: 'Loading the model',
  painting: 'Painting frames',
  saving: 'Writing the file',
};
let shown = '';

function showProgress({ stage, done, total }: HeadlessProgress): void {
  const amount =
    stage === 'painting' ? `${done} of ${total}` : `${Math.round((100 * done) / Math.max(1, total))}%`;
  const line = `${STAGES[stage]}: ${amount}`;
  if (line === shown) return;
  shown = line;
  // On a terminal the line is written over; in a log every tenth is enough.
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (done === total || /0%$|0 of/.test(line)) process.stderr.write(`${line}\n`);
}

function endProgress(): void {
  if (process.stderr.isTTY && shown) process.stderr.write('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  endProgress();
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
