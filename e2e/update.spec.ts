/** A deploy in the middle of use: two builds, served in turn at one address. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { launchChromium } from '../tools/chromium.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.webmanifest': 'application/json',
};

const folder = mkdtempSync(join(tmpdir(), 'pirouette-deploy-'));
const NEXT = join(folder, 'next');
/** What the next build calls the part that opens cameras and saves files, which a page asks for when it needs it. */
const PART = readdirSync('dist/assets').find((name) => /^page-.*\.js$/.test(name)) ?? '';
const NEW_PART = 'page-NextBld1.js';
const EXAMPLE = 'examples/examples.json';

/** The next build: a part and a page of another name and content, and an example that has changed. */
function makeNext(): void {
  if (!PART) throw new Error('The build has no part that comes later.');
  cpSync('dist', NEXT, { recursive: true, filter: (path) => !path.includes('dist/packs') });
  renameSync(join(NEXT, 'assets', PART), join(NEXT, 'assets', NEW_PART));
  const files = [...readdirSync(join(NEXT, 'assets')).map((name) => join('assets', name)), 'index.html'];
  for (const file of files.filter((path) => /\.(js|html)$/.test(path))) {
    const path = join(NEXT, file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(PART, NEW_PART));
  }
  const page = join(NEXT, 'index.html');
  writeFileSync(page, readFileSync(page, 'utf8').replace('<body', '<body data-build="next"'));
  const examples = join(NEXT, EXAMPLE);
  writeFileSync(examples, `${readFileSync(examples, 'utf8')}\n`);
  const worker = join(NEXT, 'service-worker.js');
  const text = readFileSync(worker, 'utf8');
  const version = /[`"']([0-9a-f]{12})[`"']/.exec(text)?.[1];
  const revisionOf = (path: string) => new RegExp(`\\["${path}","([0-9a-f]{12})"\\]`).exec(plain(text))?.[1];
  const [pageRevision, exampleRevision] = [revisionOf(''), revisionOf(EXAMPLE)];
  if (!version || !pageRevision || !exampleRevision) throw new Error('The service worker has another form.');
  writeFileSync(
    worker,
    text
      .replaceAll(version, 'aaaaaaaaaaaa')
      .replaceAll(pageRevision, 'bbbbbbbbbbbb')
      .replaceAll(exampleRevision, 'cccccccccccc')
      .replaceAll(PART, NEW_PART),
  );
}

/** The list of files stands in the script as a string, whose quotes may be escaped. */
const plain = (text: string) => text.replaceAll('\\"', '"');

let served = 'dist';
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url ?? '/', 'http://host').pathname);
  // The packs are the same in both.
  const root = path.startsWith('/packs/') ? 'dist' : served;
  try {
    const body = readFileSync(join(root, path.endsWith('/') ? `${path}index.html` : path));
    response.writeHead(200, {
      'Content-Type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream',
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});

let browser: Browser;
let url: string;

test.beforeAll(async () => {
  makeNext();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await launchChromium();
});

test.afterAll(async () => {
  await browser?.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const build = (page: Page) => page.evaluate(() => document.body.dataset.build ?? 'first');
const reload = (page: Page) => page.getByRole('status').getByRole('button', { name: 'Reload' });
const versions = (page: Page) =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('pirouette-')));
/** Whether a part can still be loaded that was not needed before. */
const loads = (page: Page, part: string) =>
  page.evaluate((address) => import(address).then(() => true), new URL(`assets/${part}`, url).href);

test('a tab keeps working through a deploy, and the new version comes when it is taken', async () => {
  test.setTimeout(180_000);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const first = await context.newPage();
  await first.goto(url);
  await first.waitForFunction(() => navigator.serviceWorker.controller !== null);
  expect(await versions(first)).toHaveLength(1);

  served = NEXT;
  const second = await context.newPage();
  await second.goto(url);
  // Nothing changes by itself: also a tab that is opened now is whole, and of the version that is there.
  await expect(reload(second)).toBeVisible({ timeout: 30_000 });
  expect(await build(second)).toBe('first');
  await expect(reload(first)).toBeVisible({ timeout: 30_000 });

  await reload(second).click();
  await expect(second.locator('body[data-build=next]')).toBeAttached({ timeout: 20_000 });
  await expect(reload(second)).toBeHidden();
  expect(await loads(second, NEW_PART)).toBe(true);
  const example = readFileSync(join(NEXT, EXAMPLE), 'utf8');
  expect(await second.evaluate(async (path) => (await fetch(path)).text(), EXAMPLE)).toBe(example);

  // The server has the old part no more, and the tab that was left alone still gets it.
  expect((await fetch(`${url}assets/${PART}`)).status).toBe(404);
  expect(await build(first)).toBe('first');
  expect(await loads(first, PART)).toBe(true);
  expect(await versions(second)).toHaveLength(2);

  await first.close();
  await second.reload();
  await expect.poll(() => versions(second)).toEqual(['pirouette-aaaaaaaaaaaa']);
  expect(await build(second)).toBe('next');
  await context.close();
});

test('says what is missing without a network, and that nothing is', async () => {
  served = 'dist';
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.route('**/pose/*_lite.task', (route) => route.abort());
  await page.goto(url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.getByRole('button', { name: /Processor|WebGPU|Starting/ }).click();
  await expect(page.getByText('finding people before the camera')).toBeVisible();
  await context.close();
});
