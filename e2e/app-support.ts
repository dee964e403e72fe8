import { readFileSync } from 'node:fs';
import { type Browser, test as base, expect, type Page } from '@playwright/test';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { preview } from 'vite';
import { launchChromium } from '../tools/chromium.ts';

export const PHOTO = 'fixtures/motion/person-2.png';
/** 16 frames, 0.64 s, with sound: long enough for a dance, short enough for a test. */
export const CLIP = 'fixtures/app/short-dance.mp4';

/** The production build, as `npm start` serves it. */
export async function serveBuild(): Promise<{ url: string; close(): Promise<void> }> {
  const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

interface Studio {
  readonly browser: Browser;
  readonly url: string;
}

/** The built app in a browser with a camera: one for all files of tests that share it, and a new visitor in each test. */
export const test = base.extend<object, { studio: Studio }>({
  studio: [
    async ({ headless }, use) => {
      const server = await serveBuild();
      const browser = await launchChromium({ camera: true, headless: headless ?? true });
      await use({ browser, url: server.url });
      await browser.close();
      await server.close();
    },
    { scope: 'worker' },
  ],
  browser: [async ({ studio }, use) => use(studio.browser), { scope: 'worker' }],
  baseURL: async ({ studio }, use) => use(studio.url),
  viewport: { width: 1440, height: 900 },
  page: async ({ page }, use) => {
    const faults = watchFaults(page);
    await use(page);
    expect(faults).toEqual([]);
  },
});

/** What a page said or did that it should not have. */
export function watchFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  return faults;
}

export async function choosePhoto(page: Page, file = PHOTO): Promise<void> {
  await page.getByRole('region', { name: 'Photo' }).locator('input[type=file]').first().setInputFiles(file);
}

export async function chooseClip(page: Page, file = CLIP): Promise<void> {
  await page.getByRole('region', { name: 'Dance' }).locator('input[type=file]').first().setInputFiles(file);
}

/** Waits until poses are found and fitted. */
export async function untilReady(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: 'Make them dance' })).toBeEnabled({ timeout: 90_000 });
}

/** The smallest picture and the fewest steps there are, set as a person would. */
export async function setQuick(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).click();
  const sheet = page.getByRole('dialog', { name: 'Settings' });
  await sheet.getByText('Advanced').click();
  await sheet.getByLabel('Steps').fill('1');
  await sheet.getByLabel('Width').fill('128');
  await sheet.getByLabel('Height').fill('128');
  await sheet.getByRole('button', { name: 'Close settings' }).click();
  await expect(sheet).toBeHidden();
}

/** The result's frames done so far, as the page says it. */
export async function framesDone(page: Page): Promise<number> {
  return Number(await page.getByRole('progressbar', { name: 'Frames done' }).getAttribute('aria-valuenow'));
}

export async function untilSaved(page: Page, format: RegExp): Promise<Buffer> {
  const dialog = page.getByRole('dialog', { name: 'Save the dance' });
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: 60_000 }),
    dialog.getByRole('button', { name: format }).click(),
  ]);
  const file = readFileSync(await download.path());
  await expect(dialog.getByRole('status')).toContainText('is in your downloads');
  return file;
}

/** A new visitor with photo and clip, ready to make the smallest dance of 8 frames. */
export async function openReady(page: Page): Promise<void> {
  await page.goto('./');
  await choosePhoto(page);
  await chooseClip(page);
  await untilReady(page);
  await setQuick(page);
}

/** Frames, seconds and sound of a film, by a demuxer. */
export async function probe(file: Buffer) {
  const input = new Input({ source: new BufferSource(new Uint8Array(file)), formats: ALL_FORMATS });
  const video = await input.getPrimaryVideoTrack();
  if (!video) throw new Error('No video track.');
  let frames = 0;
  for await (const _ of new EncodedPacketSink(video).packets()) frames++;
  const sound = await input.getPrimaryAudioTrack();
  return {
    frames,
    size: [video.displayWidth, video.displayHeight],
    seconds: await video.computeDuration(),
    soundSeconds: sound ? await sound.computeDuration() : null,
  };
}

/** A picture's frames and size, and the colour of its upper left corner, by the browser. */
export function probePicture(page: Page, file: Uint8Array, type: string) {
  return page.evaluate(
    async ([base64, format]) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const decoder = new ImageDecoder({ data: bytes, type: format });
      await decoder.tracks.ready;
      await decoder.completed;
      const { image } = await decoder.decode({ frameIndex: 0 });
      const context = new OffscreenCanvas(1, 1).getContext('2d');
      context?.drawImage(image, 0, 0);
      return {
        frames: decoder.tracks.selectedTrack?.frameCount,
        size: [image.displayWidth, image.displayHeight],
        corner: [...(context?.getImageData(0, 0, 1, 1).data ?? [])].slice(0, 3),
      };
    },
    [Buffer.from(file).toString('base64'), type] as const,
  );
}
