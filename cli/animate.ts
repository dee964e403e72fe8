/**
 * Animates a photo with a clip, without a screen: the built app in headless Chromium. `--help` says how, and what the
 * exit codes mean.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Browser, Download, Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { preview } from 'vite';
import { PirouetteError } from '../src/errors.ts';
import type { HeadlessAnswer, HeadlessJob, HeadlessProgress, HeadlessResult } from '../src/headless.ts';
import type { Problem } from '../src/state/problem.ts';
import type { Format } from '../src/studio/save.ts';
import { buildApp } from '../tools/build-app.ts';
import { findChromium, launchChromium } from '../tools/chromium.ts';
import { type AnimateOptions, formatOf, parseOptions, USAGE, UsageError } from './animate-options.ts';
import { AnimateError, checkPaths, isAddress, pathsFrom } from './animate-paths.ts';
import { expectPack } from './pack-path.ts';

/** What the app says went wrong, and where the frames are that were done before. */
class AppError extends Error {
  readonly remedy: string;

  constructor({ message, remedy }: Problem, kept: string) {
    super(message);
    this.remedy = [remedy, kept].filter(Boolean).join('\n');
  }
}

let interrupted = false;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  const options = pathsFrom(process.env.INIT_CWD ?? '', parseOptions(args));
  checkPaths(options);
  if (options.pack && !isAddress(options.pack)) await expectPack(options.pack);
  findChromium();
  const result = await animate(options);
  if (options.json) console.log(JSON.stringify(result));
  else {
    const { frames, width, height, seconds, device } = result;
    console.log(
      `${placesOf(options)}: ${frames} frames of ${width}x${height} in ${seconds.toFixed(1)} s on ${device}.`,
    );
  }
  return 0;
}

const placesOf = ({ out, frames }: AnimateOptions) => [out, frames].filter(Boolean).join(' and ');

async function animate(options: AnimateOptions): Promise<HeadlessResult> {
  await buildApp();
  const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  let browser: Browser | undefined;
  let page: Page | undefined;
  const interrupt = interruption(() => page);
  // Whoever waits for it comes later.
  interrupt.catch(() => undefined);
  try {
    const webgpu = options.settings.backend === 'wasm' ? {} : ({ webgpu: 'any' } as const);
    browser = await launchChromium({ ...webgpu, surviveInterrupt: true });
    const context = await browser.newContext({ acceptDownloads: true, serviceWorkers: 'block' });
    page = await context.newPage();
    const address = server.httpServer.address();
    if (address === null || typeof address === 'string')
      throw new AnimateError('The local server did not start.');
    await page.exposeFunction('reportProgress', showProgress);
    await page.goto(`http://127.0.0.1:${address.port}/headless.html`);
    return await run(page, options, interrupt);
  } finally {
    await browser?.close();
    await server.close();
  }
}

async function run(page: Page, options: AnimateOptions, interrupt: Promise<never>): Promise<HeadlessResult> {
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
    interrupt,
  ]);
  endProgress();
  const { result, problem } = answer;
  if (result) {
    for (const warning of result.warnings) console.error(`Note: ${warning}`);
    while (downloads.length < formats.length) downloads.push(await page.waitForEvent('download'));
    await saveDownloads(downloads, options);
  }
  if (problem) {
    throw new AppError(
      problem,
      result ? `${placesOf(options)} has the ${result.frames} that were done.` : '',
    );
  }
  return result;
}

/**
 * Rejects at Ctrl-C where nothing is painted yet. What is painted goes on to its end as a shorter film; the second
 * Ctrl-C ends everything, and the browser with it.
 */
function interruption(pageNow: () => Page | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const quit = () => reject(new AnimateError('Stopped.'));
    process.on('SIGINT', () => {
      if (interrupted) process.exit(130);
      interrupted = true;
      endProgress();
      const asked = pageNow()?.evaluate(() => window.pirouette.stop());
      if (!asked) return quit();
      asked.then((keeps) => {
        if (!keeps) return quit();
        console.error('Stopping; what is done is kept. Ctrl-C again quits at once.');
      }, quit);
    });
  });
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

const asJson = process.argv.includes('--json');

function problemIn(error: unknown): Problem {
  if (error instanceof PirouetteError || error instanceof AppError) {
    return { message: error.message, remedy: error.remedy };
  }
  return { message: error instanceof Error ? error.message : String(error), remedy: '' };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  endProgress();
  const problem = problemIn(error);
  console.error([problem.message, problem.remedy].filter(Boolean).join('\n'));
  if (error instanceof UsageError) console.error(`\n${USAGE}`);
  if (asJson) console.log(JSON.stringify({ problem }));
  process.exitCode = interrupted ? 130 : error instanceof UsageError ? 2 : 1;
}
