/**
 * Pictures of the app's main states for docs/images: `node --import tsx tools/screenshots.ts [--quality best]`.
 * Needs a build in dist/; every picture shows the real thing at work.
 */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Page } from '@playwright/test';
import { preview } from 'vite';
import { launchChromium } from './chromium.ts';

const OUT = 'docs/images';
const WIDTHS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
/** Frames that are enough for pictures; the example's whole dance would only take longer. */
const FRAMES = 6;

const { values } = parseArgs({ options: { quality: { type: 'string', default: 'good' } } });

async function shoot(page: Page, name: string): Promise<void> {
  const width = page.viewportSize()?.width;
  // Transitions are over, fonts are there.
  await page.waitForTimeout(600);
  await page.screenshot({ path: `${OUT}/app-${name}-${width}.png` });
  console.log(`app-${name}-${width}.png`);
}

async function walk(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('button', { name: /Mira/ }).waitFor();
  await shoot(page, 'first-visit');

  await page.getByRole('button', { name: /Mira/ }).click();
  await page.getByRole('button', { name: 'Correct the joints' }).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: /Salsa/ }).click();
  await page.getByRole('radio', { name: 'On the photo' }).check({ timeout: 180_000 });
  await page.getByRole('radio', { name: values.quality, exact: false }).check();
  await page.getByRole('region', { name: 'Photo' }).scrollIntoViewIfNeeded();
  await shoot(page, 'ready');

  await page.getByRole('button', { name: 'Settings' }).click();
  await shoot(page, 'settings');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Make them dance' }).click();
  const progress = page.getByRole('progressbar', { name: 'Frames done' });
  await progress.waitFor({ timeout: 180_000 });
  while (Number(await progress.getAttribute('aria-valuenow')) < FRAMES) await page.waitForTimeout(300);
  await page.getByRole('region', { name: 'Result' }).scrollIntoViewIfNeeded();
  await shoot(page, 'painting');
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await page.getByRole('button', { name: 'Save the dance' }).waitFor();
  await page.getByRole('region', { name: 'Result' }).scrollIntoViewIfNeeded();
  await shoot(page, 'result');
  await page.getByRole('button', { name: 'Photo, pose and result side by side' }).click();
  await shoot(page, 'side-by-side');
  await page.getByRole('button', { name: 'Save the dance' }).click();
  await shoot(page, 'save');
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: /Processor|WebGPU/ }).click();
  await shoot(page, 'device');
  await page.keyboard.press('Escape');
  await page
    .getByRole('region', { name: 'Photo' })
    .locator('input[type=file]')
    .first()
    .setInputFiles({
      name: 'letter.png',
      mimeType: 'image/png',
      buffer: Buffer.from('Dear reader, this is a letter.'),
    });
  await page.getByRole('alert').waitFor();
  await page.getByRole('alert').scrollIntoViewIfNeeded();
  await shoot(page, 'fault');
}

mkdirSync(OUT, { recursive: true });
const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
const address = server.httpServer.address();
if (address === null || typeof address === 'string') throw new Error('The server has no port.');
const browser = await launchChromium();
try {
  for (const viewport of WIDTHS) {
    const phone = viewport.width < 500;
    const context = await browser.newContext({
      viewport,
      colorScheme: phone ? 'light' : 'dark',
      isMobile: phone,
      hasTouch: phone,
    });
    await walk(await context.newPage(), `http://127.0.0.1:${address.port}/`);
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
