import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { preview } from 'vite';

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
