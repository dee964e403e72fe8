import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, type Page } from '@playwright/test';
import { launchProfile } from '../tools/chromium.ts';
import { chooseClip, choosePhoto, setQuick, test, untilReady } from './app-support.ts';

/** Gzipped bytes of the page's own scripts before anything is chosen; models and ONNX Runtime come later. */
const SCRIPT_BUDGET = 250_000;

test('the first load is light, strict, and of one origin', async ({ page, baseURL }) => {
  const scripts = new Map<string, number>();
  const origins = new Set<string>();
  page.context().on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http')) origins.add(origin);
  });
  page.on('response', async (response) => {
    if (!response.url().endsWith('.js') || response.request().serviceWorker()) return;
    scripts.set(response.url(), gzipSync(await response.body().catch(() => Buffer.alloc(0))).length);
  });
  await page.goto('./', { waitUntil: 'load' });
  await expect(page.getByRole('button', { name: 'See an example' })).toBeEnabled();
  const total = [...scripts.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(SCRIPT_BUDGET);

  await choosePhoto(page);
  await chooseClip(page);
  await untilReady(page);
  expect([...origins]).toEqual([new URL(baseURL ?? '').origin]);

  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/connect-src 'self'[^;]*/);
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
});

/** Rules that a person with a screen reader, a keyboard or weak eyes would stumble over. */
async function seriousViolations(page: Page): Promise<string[]> {
  // The page's policy forbids inline scripts, so the checker comes through the debugger.
  await page.evaluate(readFileSync('node_modules/axe-core/axe.min.js', 'utf8'));
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  });
}

test.describe('with reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('axe finds nothing serious, dark and light', async ({ page }) => {
    const expectNothingSerious = async () => {
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await seriousViolations(page), colorScheme).toEqual([]);
      }
    };
    await page.goto('./');
    await expect(page.getByRole('button', { name: /Mira/ })).toBeVisible();
    await expectNothingSerious();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByText('Advanced').click();
    await expectNothingSerious();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /Processor|WebGPU|This device/ }).click();
    await expectNothingSerious();
    await page.keyboard.press('Escape');
    await choosePhoto(page);
    await chooseClip(page);
    await untilReady(page);
    await page.getByRole('button', { name: 'Correct the joints' }).click();
    await expectNothingSerious();
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('a phone shows all of it, without a sideways scroll', async ({ page }) => {
    await page.goto('./');
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
    expect(await fits()).toBe(true);
    // The invitation comes first.
    const invitation = await page.getByRole('button', { name: 'See an example' }).boundingBox();
    expect(invitation?.y).toBeLessThan(600);
    await choosePhoto(page);
    await chooseClip(page);
    await untilReady(page);
    expect(await fits()).toBe(true);
    for (const button of await page.getByRole('button').all()) {
      if (!(await button.isVisible())) continue;
      const box = await button.boundingBox();
      if (box && box.height > 1) expect(box.height, await button.innerText()).toBeGreaterThanOrEqual(40);
    }
    await page.getByRole('button', { name: 'Settings' }).tap();
    expect(await fits()).toBe(true);
  });
});

test('the second visit works without a network', async ({ studio }) => {
  test.setTimeout(240_000);
  const profile = mkdtempSync(join(tmpdir(), 'pirouette-profile-'));
  const context = await launchProfile(profile);
  try {
    const page = await context.newPage();
    await page.goto(studio.url);
    // The first visit is over when the model is ready, which the device's panel says.
    await page.getByRole('button', { name: /Processor|WebGPU/ }).click();
    await expect(page.getByText('CC0-1.0')).toBeVisible({ timeout: 120_000 });

    await context.setOffline(true);
    await page.goto(studio.url);
    await expect(page.getByRole('button', { name: /Mira/ })).toBeVisible();
    await choosePhoto(page);
    await chooseClip(page);
    await untilReady(page);
    await setQuick(page);
    await page.getByRole('button', { name: 'Make them dance' }).click();
    await expect(page.getByRole('button', { name: 'Save the dance' })).toBeVisible({ timeout: 120_000 });
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
});

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

test('a host without headers gets isolation from the service worker', async ({ page }) => {
  const plain = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://host').pathname);
    try {
      const file = join('dist', path.endsWith('/') ? `${path}index.html` : path);
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' });
      response.end(readFileSync(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const address = plain.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  try {
    await page.goto(`http://127.0.0.1:${address.port}/`);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await page.reload();
    await expect.poll(() => page.evaluate(() => crossOriginIsolated)).toBe(true);
  } finally {
    plain.closeAllConnections();
    plain.close();
  }
});
