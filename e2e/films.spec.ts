import { expect, type Page } from '@playwright/test';
import { exportToMemory, type Files, memoryFolder } from '../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import { framesDone, openReady, test } from './app-support.ts';

let pack: Files;

test.beforeAll(async () => {
  // What is walked here is how films are kept: a small model of no sense in its pictures is quick, and always there.
  pack = await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f32');
});

// A service worker would fetch past the pack that is lent here.
test.use({ serviceWorkers: 'block' });

/** Each raw frame on this device, and when it was written: a frame that was painted again is younger. */
const rawFrames = (page: Page): Promise<Record<string, number>> =>
  page.evaluate(async () => {
    const frames: Record<string, number> = {};
    const root = await navigator.storage.getDirectory();
    const studio = await root.getDirectoryHandle('studio', { create: true });
    const raw = await studio.getDirectoryHandle('raw', { create: true });
    for await (const look of raw.values()) {
      if (look.kind !== 'directory') continue;
      for await (const file of look.values())
        if (file.kind === 'file' && file.name.endsWith('.png'))
          frames[`${look.name}/${file.name}`] = (await file.getFile()).lastModified;
    }
    return frames;
  });

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const films = (page: Page) => page.getByRole('region', { name: 'Your dances' }).getByRole('listitem');

/** Starts the small dance and stops it after a frame or more. */
async function paintHalf(page: Page): Promise<Record<string, number>> {
  await serveFiles(page, '/packs/default/', pack);
  await openReady(page);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('dialog').getByText('Advanced').click();
  await page.getByRole('dialog').getByLabel('Steps').fill('6');
  await page.keyboard.press('Escape');
  await button(page, 'Make them dance').click();
  await expect.poll(() => framesDone(page), { timeout: 120_000 }).toBeGreaterThan(0);
  await button(page, 'Stop and keep').click();
  await expect(button(page, 'Save the dance')).toBeVisible();
  const half = await rawFrames(page);
  expect(Object.keys(half).length).toBeGreaterThan(0);
  expect(Object.keys(half).length).toBeLessThan(8);
  return half;
}

async function expectOnlyMissing(page: Page, half: Record<string, number>): Promise<void> {
  await expect(films(page).first()).not.toContainText(' of ', { timeout: 180_000 });
  const whole = await rawFrames(page);
  expect(Object.keys(whole)).toHaveLength(8);
  expect(whole).toMatchObject(half);
}

test('a dance stopped half-way is gone on with after a reload: only the missing frames are painted', async ({
  page,
}) => {
  test.setTimeout(300_000);
  const half = await paintHalf(page);
  await page.reload();
  await expect(page.getByText(/Your last dance stopped after/)).toBeVisible();
  await button(page, 'Go on with it').click();
  await expectOnlyMissing(page, half);
  // Its photo and its clip are back as well.
  await expect(page.getByRole('img', { name: 'The photo person-2.png' })).toBeVisible();
  await expect(page.getByRole('img', { name: /The result, frame/ })).toBeVisible();
});

test('another clip, another background and another tab leave a dance as it is', async ({ page, context }) => {
  test.setTimeout(300_000);
  const half = await paintHalf(page);

  // Another clip is chosen: the dance on the stage is still its own.
  await page
    .getByRole('region', { name: 'Dance' })
    .locator('input[type=file]')
    .first()
    .setInputFiles('fixtures/app/two-dancers.mp4');
  await expect(button(page, 'Dance again')).toBeEnabled({ timeout: 90_000 });
  await page.reload();
  await button(page, 'Go on with it').waitFor();

  // A second tab goes on with it; the first one shows it again, without painting anything.
  const second = await context.newPage();
  await serveFiles(second, '/packs/default/', pack);
  await second.goto('./');
  await button(second, 'Go on with it').click();
  await expectOnlyMissing(second, half);
  await expect(films(page).first()).not.toContainText(' of ');
  await films(page).first().getByRole('button').click();
  await expect(page.getByRole('img', { name: /The result, frame \d+ of 8/ })).toBeVisible();
  await untilRestored(page);

  // Another background is laid over the frames that are there.
  const before = await rawFrames(page);
  await button(page, 'Settings').click();
  await page.getByRole('dialog').getByLabel('Background', { exact: true }).selectOption('still');
  await page.keyboard.press('Escape');
  await expect(button(page, 'Make them dance')).toBeDisabled();
  expect(await rawFrames(page)).toEqual(before);
  await second.close();
});

const untilRestored = (page: Page) =>
  expect(page.getByRole('img', { name: 'The photo person-2.png' })).toBeVisible({ timeout: 30_000 });

test('films are opened again, renamed, deleted and taken back', async ({ page }) => {
  test.setTimeout(300_000);
  await serveFiles(page, '/packs/default/', pack);
  await openReady(page);
  await button(page, 'Make them dance').click();
  await button(page, 'Save the dance').waitFor({ timeout: 120_000 });
  await button(page, 'Mirror').click();
  await button(page, 'Dance again').click();
  await expect(films(page)).toHaveCount(2, { timeout: 60_000 });
  await button(page, 'Save the dance').waitFor({ timeout: 120_000 });

  await films(page).nth(1).getByRole('button').click();
  await expect(films(page).nth(1).getByRole('button')).toHaveAttribute('aria-current', 'true');
  await button(page, 'Rename it').click();
  await page.getByLabel('Name of the dance').fill('My first');
  await page.keyboard.press('Enter');
  await expect(films(page).nth(1)).toContainText('My first');

  await button(page, 'Delete it').click();
  await expect(films(page)).toHaveCount(1);
  await expect(page.getByText('“My first” is deleted.')).toBeVisible();
  await button(page, 'Take it back').click();
  await expect(films(page)).toHaveCount(2);
  await page.reload();
  await films(page).filter({ hasText: 'My first' }).getByRole('button').click();
  await expect(page.getByRole('img', { name: /The result, frame \d of 8/ })).toBeVisible();
});
