import { type Browser, expect, type Page, test } from '@playwright/test';
import { launchChromium } from '../tools/chromium.ts';
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import { openReady, probe, serveBuild, untilSaved, watchFaults } from './app-support.ts';

let server: Awaited<ReturnType<typeof serveBuild>>;
let browser: Browser;
let page: Page;
let faults: string[];

test.beforeAll(async () => {
  server = await serveBuild();
  // Chromium's WebGPU on the processor: every browser of this kind has it, with or without a graphics processor.
  browser = await launchChromium({ webgpu: true });
});

test.afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test.beforeEach(async () => {
  // A service worker would fetch past the small pack that is lent here: the way is walked, not the picture judged.
  const context = await browser.newContext({
    baseURL: server.url,
    serviceWorkers: 'block',
    viewport: { width: 1440, height: 900 },
  });
  page = await context.newPage();
  faults = watchFaults(page);
  await serveFiles(
    page,
    '/packs/default/',
    await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f32'),
  );
});

test.afterEach(async () => {
  await page.context().close();
  expect(faults).toEqual([]);
});

/** Makes the dance and says what painted it. */
async function dance(): Promise<string> {
  await page.getByRole('button', { name: 'Make them dance' }).click();
  await page.getByRole('button', { name: 'Save the dance' }).click({ timeout: 420_000 });
  const film = await probe(await untilSaved(page, /MP4/));
  expect(film).toMatchObject({ frames: 8, size: [128, 128] });
  expect(film.soundSeconds).toBeCloseTo(0.64, 1);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /Processor|WebGPU/ }).click();
  const device = page.getByRole('dialog', { name: 'This device' });
  return device.locator('dd').first().innerText();
}

test('where the processor plays WebGPU, the processor paints on its own', async () => {
  test.setTimeout(180_000);
  await openReady(page);
  expect(await dance()).toBe('The processor (WASM)');
  await expect(page.getByText('WebGPU is computed by the processor')).toBeVisible();
});

test('asked for, WebGPU paints all the same, and the page says what that costs', async () => {
  test.setTimeout(480_000);
  await openReady(page);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Compute on').selectOption('webgpu');
  await page.keyboard.press('Escape');
  const made = dance();
  await expect(page.getByText('Here the processor plays WebGPU')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Let the processor paint' })).toBeVisible();
  expect(await made).toMatch(/^WebGPU: .*swiftshader/i);
});
