import { createServer } from 'node:http';
import { expect } from '@playwright/test';
import { unzipSync } from 'fflate';
import { readAbout } from '../src/media/about.ts';
import { exportToMemory, memoryFolder } from '../tools/memory-pack.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import {
  chooseClip,
  choosePhoto,
  PHOTO,
  probePicture,
  setQuick,
  test,
  untilReady,
  untilSaved,
} from './app-support.ts';

test('shape, size, background and a second photo are those of the result', async ({ page }) => {
  test.setTimeout(180_000);
  await page.goto('./');
  await choosePhoto(page);
  await chooseClip(page);
  await untilReady(page);
  await page.getByRole('button', { name: 'Settings' }).click();
  const sheet = page.getByRole('dialog', { name: 'Settings' });
  await sheet.getByLabel('Shape').selectOption('9:16');
  await sheet.getByRole('radio', { name: 'S', exact: true }).check();
  await sheet.getByLabel('Frame rate').selectOption('8');
  await sheet.getByLabel('Background', { exact: true }).selectOption('plain');
  await sheet.getByLabel('Colour of the background').fill('#20a040');
  await sheet.getByText('Advanced').click();
  await sheet.getByLabel('Steps').fill('1');
  await page.keyboard.press('Escape');

  const more = page.getByLabel('Add a second photo of the same person');
  await more.setInputFiles('fixtures/motion/person-1.png');
  const others = page.getByRole('list', { name: 'More photos of the same person' });
  await expect(others.getByRole('listitem')).toHaveCount(1, { timeout: 30_000 });

  await expect(page.getByText('5 frames, 320 × 576')).toBeVisible();
  await page.getByRole('button', { name: 'Make them dance' }).click();
  await page.getByRole('button', { name: 'Save the dance' }).click({ timeout: 120_000 });
  const zip = await untilSaved(page, /PNG/);
  expect(await readAbout(new Blob([new Uint8Array(zip)]))).toMatchObject({
    settings: { aspect: '9:16', background: 'plain', plainColour: '#20a040' },
  });
  const pictures = Object.entries(unzipSync(new Uint8Array(zip))).filter(([name]) => name.endsWith('.png'));
  expect(pictures).toHaveLength(5);
  for (const [name, picture] of pictures) {
    const { size, corner } = await probePicture(page, picture, 'image/png');
    expect(size).toEqual([320, 576]);
    // A raised hand may come near the corner, and a soft edge with it.
    [0x20, 0xa0, 0x40].forEach((part, i) => expect(Math.abs((corner[i] ?? 0) - part), name).toBeLessThan(25));
  }

  // Without the second photo it is another dance.
  await page.keyboard.press('Escape');
  await others.getByRole('button', { name: /Remove/ }).click();
  await expect(page.getByRole('button', { name: 'Dance again' })).toBeEnabled();
});

test('a model from another server comes only once that server is allowed', async ({ page, context }) => {
  test.setTimeout(180_000);
  const files = await exportToMemory(memoryFolder('small', randomModel(SMALL_MODEL)), 'f32');
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    const path = (request.url ?? '/').replace('/pack/', '');
    asked.push(path);
    const file = files.get(path);
    response.writeHead(file ? 200 : 404, {
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
    });
    response.end(file);
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  try {
    const address = elsewhere.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    const origin = `http://127.0.0.1:${address.port}`;
    await page.goto('./');
    // The service worker is who lets the engine's worker reach an allowed server, and no other.
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await choosePhoto(page);
    await chooseClip(page);
    await untilReady(page);
    await setQuick(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    const sheet = page.getByRole('dialog', { name: 'Settings' });
    await sheet.getByRole('button', { name: 'Another…' }).click();
    await sheet.getByLabel('Address of a model pack').fill(`${origin}/pack/`);
    await expect(sheet.getByText(`would be fetched from ${origin}`)).toBeVisible();
    expect(asked).toEqual([]);
    await sheet.getByRole('button', { name: `Allow ${origin} and use it` }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Make them dance' }).click();
    await page.getByRole('button', { name: 'Save the dance' }).waitFor({ timeout: 120_000 });
    expect(asked).toContain('pack.json');
    expect(asked.length).toBeGreaterThan(3);
  } finally {
    await context.close();
    elsewhere.close();
  }
});

test('settings are kept in a result and can be taken up again', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Settings' }).click();
  const sheet = page.getByRole('dialog', { name: 'Settings' });
  const seed = sheet.getByRole('spinbutton', { name: 'Seed' });
  await sheet.getByRole('button', { name: 'Another seed' }).click();
  expect(await seed.inputValue()).not.toBe('1');
  await sheet.getByLabel('Shape').selectOption('9:16');
  await sheet.getByRole('radio', { name: 'L' }).check();
  await sheet.getByLabel('Frame rate').selectOption('15');
  await sheet.getByLabel('Background').selectOption('still');
  await sheet.getByRole('button', { name: 'All as at first' }).click();
  await expect(seed).toHaveValue('1');
  await expect(sheet.getByLabel('Shape')).toHaveValue('photo');
  await sheet.locator('input[accept*="zip"]').last().setInputFiles(PHOTO);
  await expect(sheet.getByRole('alert')).toContainText('does not say how it was made');
});
