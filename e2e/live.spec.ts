import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, expect, type Page, test } from '@playwright/test';
import axe from 'axe-core';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { readAbout } from '../src/media/about.ts';
import { type ChromiumOptions, launchChromium } from '../tools/chromium.ts';
import { exportToMemory, type Files, memoryFolder } from '../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import { CLIP, serveBuild, watchFaults } from './app-support.ts';

let server: Awaited<ReturnType<typeof serveBuild>>;
let folder: string;
let film: string;
let pack: Files;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];

test.beforeAll(async () => {
  server = await serveBuild();
  folder = mkdtempSync(join(tmpdir(), 'pirouette-live-'));
  film = join(folder, 'camera.mjpeg');
  const clip = ['-i', 'fixtures/motion/dance.mp4', '-an', '-c:v', 'mjpeg', '-q:v', '3', film];
  expect(spawnSync('ffmpeg', ['-loglevel', 'error', ...clip]).status).toBe(0);
  // What is walked here is the screen: a small model of no sense in its pictures is quick, and always there.
  pack = await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f32');
});

test.afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** A new visitor at the live screen, in a browser with this camera. */
async function visit(options: ChromiumOptions, size = { width: 1440, height: 900 }): Promise<void> {
  browser = await launchChromium(options);
  // A service worker would fetch past the pack that is lent here.
  context = await browser.newContext({ viewport: size, acceptDownloads: true, serviceWorkers: 'block' });
  page = await context.newPage();
  faults = watchFaults(page);
  await serveFiles(page, '/packs/default/', pack);
  await page.addInitScript(() => {
    const tracks: MediaStreamTrack[] = [];
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wishes) => {
      const stream = await ask(wishes);
      tracks.push(...stream.getVideoTracks());
      return stream;
    };
    // What a pulled plug looks like to the page.
    Object.assign(window, {
      unplug: () => {
        for (const track of tracks) {
          track.stop();
          track.dispatchEvent(new Event('ended'));
        }
      },
    });
  });
  await page.goto(server.url);
}

test.afterEach(async () => {
  await browser?.close();
  expect(faults).toEqual([]);
});

const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });

async function goLive(): Promise<void> {
  await page.getByRole('link', { name: 'Live' }).click();
  await button('Start the camera').click();
  await untilMoving();
}

const untilMoving = () => expect(page.getByText(/frames a second,/)).toBeVisible({ timeout: 90_000 });

/** How different the screen looks now from how it looked at the last call. */
const screenChanged = () =>
  page.evaluate(() => {
    const screen = document.querySelector('.live-screen') as HTMLCanvasElement;
    const memory = window as { lastScreen?: string };
    const before = memory.lastScreen;
    memory.lastScreen = screen.toDataURL();
    return before !== memory.lastScreen;
  });

test('the camera moves the person; another photo is taken while it runs; a recording is kept and opens', async () => {
  test.setTimeout(240_000);
  await visit({ camera: film });
  await goLive();
  await expect(page.getByText(/\d+ × \d+, \d steps?:/)).toBeVisible();
  await screenChanged();
  await expect.poll(screenChanged, { timeout: 20_000 }).toBe(true);

  await page.getByRole('region', { name: 'Photo' }).getByRole('button', { name: 'Kofi' }).click();
  await expect(page.getByRole('img', { name: 'The photo Kofi' })).toBeVisible({ timeout: 40_000 });
  await screenChanged();
  await expect.poll(screenChanged, { timeout: 30_000 }).toBe(true);

  await page.getByText('Record the microphone').click();
  await button('Record').click();
  await expect(page.locator('.countdown')).toBeVisible();
  await expect(button('Stop recording')).toBeVisible({ timeout: 20_000 });
  await page.waitForTimeout(3000);
  await button('Stop recording').click();
  const sheet = page.getByRole('dialog', { name: 'Your recording' });
  await expect(sheet).toBeVisible({ timeout: 20_000 });
  await expect
    .poll(() => sheet.locator('video').evaluate((video: HTMLVideoElement) => video.duration))
    .toBeGreaterThan(2);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    sheet.getByRole('button', { name: 'Save' }).click(),
  ]);
  const bytes = readFileSync(await download.path());
  const input = new Input({ source: new BufferSource(new Uint8Array(bytes)), formats: ALL_FORMATS });
  const video = await input.getPrimaryVideoTrack();
  expect(await video?.computeDuration()).toBeGreaterThan(2.5);
  expect(await (await input.getPrimaryAudioTrack())?.computeDuration()).toBeGreaterThan(2);
  expect(await readAbout(new Blob([bytes]))).toMatchObject({ settings: { live: true } });
  await sheet.getByRole('button', { name: 'Close your recording' }).click();

  const [still] = await Promise.all([page.waitForEvent('download'), button('Snapshot').click()]);
  expect(still.suggestedFilename()).toMatch(/\.png$/);

  await button('End').click();
  await expect(button('Start the camera')).toBeVisible();
});

test('a camera that is pulled out: said, the recording kept, and on again', async () => {
  test.setTimeout(180_000);
  await visit({ camera: film });
  await goLive();
  await button('Record').click();
  await expect(button('Stop recording')).toBeVisible({ timeout: 20_000 });
  await page.waitForTimeout(1500);
  await page.evaluate(() => (window as unknown as { unplug(): void }).unplug());
  await expect(page.getByRole('alert')).toContainText('The camera has stopped');
  const sheet = page.getByRole('dialog', { name: 'Your recording' });
  await expect(sheet).toBeVisible({ timeout: 20_000 });
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await button('Try again').click();
  await untilMoving();
});

test('refused: said, and a clip serves in the camera’s place', async () => {
  test.setTimeout(180_000);
  const args = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream=deny'];
  await visit({ args });
  await page.getByRole('link', { name: 'Live' }).click();
  await button('Start the camera').click();
  await expect(page.getByRole('alert')).toContainText('The camera may not be used by this page.');
  await expect(button('Try again')).toBeVisible();
  await page.locator('.live-ways input[type=file]').setInputFiles(CLIP);
  await untilMoving();
});

test('no camera at all: said', async () => {
  await visit({ args: ['--use-fake-ui-for-media-stream'] });
  await page.getByRole('link', { name: 'Live' }).click();
  await button('Start the camera').click();
  await expect(page.getByRole('alert')).toContainText('No camera was found.');
});

test('nobody in view: said, on a phone’s screen, by keyboard, with nothing serious for axe', async () => {
  test.setTimeout(120_000);
  // Chromium's own test picture has nobody in it.
  await visit({ camera: true }, { width: 390, height: 844 });
  await page.getByRole('link', { name: 'Live' }).focus();
  await page.keyboard.press('Enter');
  await button('Start the camera').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Nobody is in view.')).toBeVisible({ timeout: 90_000 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await page.evaluate(axe.source);
  const serious = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
  expect(serious).toEqual([]);
});
