import { type Browser, expect, type Page, test } from '@playwright/test';
import { launchChromium } from '../tools/chromium.ts';
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { servePages } from '../tools/pages.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { WebGpuPage } from './pages/webgpu.ts';

declare const webgpu: WebGpuPage;

// A software rasteriser compiles every shader of the networks with the processor.
test.setTimeout(600_000);

let pages: Awaited<ReturnType<typeof servePages>>;
let browser: Browser;
let page: Page;

test.beforeAll(async () => {
  pages = await servePages();
  const pack = await exportToMemory(memoryFolder('random', randomModel(SMALL_MODEL)), 'f16');
  browser = await launchChromium({ webgpu: true });
  page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('404')) console.error(message.text());
  });
  await serveFiles(page, '/pack/', pack);
  await page.goto(`${pages.url}/e2e/pages/webgpu.html`);
  await page.waitForFunction(() => 'webgpu' in window);
});
test.afterAll(async () => {
  await browser.close();
  await pages.close();
});

test('the small kernels compute what the processor computes', async () => {
  const found = await page.evaluate(() => webgpu.smallKernels());
  expect(found.step).toBeLessThan(1e-5);
  expect(found.stepWithoutNoise).toBeLessThan(1e-5);
  expect(found.guide).toBeLessThan(1e-5);
  expect(found.blend).toBeLessThan(1e-5);
  expect(found.warp).toBeLessThan(1e-5);
  // Of 2: two levels of 255 would be 0.016.
  expect(found.compose).toBeLessThan(1e-3);
  expect(found.composeUnpainted).toBeLessThan(1e-3);
  expect(found.rightHalf).toBe(0);
  expect(found.besideShape).toEqual([1, 4, 6, 20]);
});

test('a frame is that of the WASM backend', async () => {
  const found = await page.evaluate(() => webgpu.againstWasm());
  expect(found.shades).toBeGreaterThan(50);
  expect(found.largest).toBeLessThanOrEqual(2);
  expect(found.otherSeed).toBeGreaterThan(10);
});

test('frame after frame holds no more buffers', async () => {
  const [first, ...others] = await page.evaluate(() => webgpu.heldBuffers(2));
  for (const held of others) expect(held).toBe(first);
});

test('a value that is not a number is an error, not a picture', async () => {
  const error = 'NotFiniteError';
  const outcomes = { picture: error, step: error, kept: error, sound: 'pixels' };
  expect(await page.evaluate(() => webgpu.overflow())).toEqual(outcomes);
});

test('a graph that cannot be captured runs all the same, on new inputs each time', async () => {
  const { isCaptured, results } = await page.evaluate(() => webgpu.uncapturable());
  expect(isCaptured).toBe(false);
  expect(results).toEqual([
    [0, 0, 1, 0],
    [1, 0, 0, 0],
  ]);
});

test('a shader that does not compile is reported with its place, and forgotten', async () => {
  const { message, shared, forgotten } = await page.evaluate(() => webgpu.badShader());
  expect(message).toMatch(/bad does not compile/);
  expect(message).toMatch(/2:\d+ .*missing/);
  expect(message).toContain('   1 const A = 1;');
  expect(shared).toBe(true);
  expect(forgotten).toBe(true);
});

test('a lost device is named, and a new one gives the same frame', async () => {
  const { reason, failure, difference } = await page.evaluate(() => webgpu.loseDevice());
  expect(reason).not.toBe('');
  expect(failure).toBe('DeviceLostError');
  expect(difference).toBe(0);
});

test('disposed networks leave no buffer behind', async () => {
  expect(await page.evaluate(() => webgpu.heldAfterDisposal())).toBe(0);
});

test("real GPUs' variants of the attention kernel are right here too", async () => {
  const errors = await page.evaluate(() => webgpu.hardwareVariants([32, 80]));
  expect(Object.keys(errors)).toEqual([
    '32 tiled',
    '32 direct',
    '80 tiled-subgroups',
    '80 tiled',
    '80 direct',
  ]);
  for (const error of Object.values(errors)) expect(error).toBeLessThan(1e-10);
});
