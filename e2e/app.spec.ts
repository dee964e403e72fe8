import { readFileSync } from 'node:fs';
import { expect } from '@playwright/test';
import { unzipSync } from 'fflate';
import { AI_GENERATED, readAbout } from '../src/media/about.ts';
import {
  CLIP,
  chooseClip,
  choosePhoto,
  framesDone,
  openReady,
  PHOTO,
  probe,
  probePicture,
  setQuick,
  test,
  untilReady,
  untilSaved,
} from './app-support.ts';

test('one click runs an example; stopped, it keeps what is done as a film with sound', async ({ page }) => {
  test.setTimeout(300_000);
  await page.goto('./');
  await setQuick(page);
  await page.getByRole('button', { name: 'See an example' }).click();
  await expect.poll(() => framesDone(page), { timeout: 240_000 }).toBeGreaterThan(2);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await page.getByRole('button', { name: 'Save the dance' }).click();
  const film = await probe(await untilSaved(page, /MP4/));
  expect(film.frames).toBeGreaterThan(2);
  expect(film.seconds).toBeCloseTo(film.frames / 12.5, 1);
  expect(film.soundSeconds).not.toBeNull();
  expect(Math.abs((film.soundSeconds ?? 0) - film.seconds)).toBeLessThan(0.12);
});

test('own photo and clip: a dance, and every format opened again', async ({ page }) => {
  test.setTimeout(240_000);
  await openReady(page);
  await page.getByRole('button', { name: 'Make them dance' }).click();
  await page.getByRole('button', { name: 'Save the dance' }).click({ timeout: 120_000 });

  const mp4 = await untilSaved(page, /MP4/);
  const webm = await untilSaved(page, /WebM/);
  for (const film of [await probe(mp4), await probe(webm)]) {
    expect(film).toMatchObject({ frames: 8, size: [128, 128] });
    expect(film.seconds).toBeCloseTo(0.64, 1);
    expect(film.soundSeconds).toBeCloseTo(0.64, 1);
  }
  const gif = await untilSaved(page, /GIF/);
  const webp = await untilSaved(page, /WebP/);
  expect(await probePicture(page, gif, 'image/gif')).toMatchObject({ frames: 8, size: [128, 128] });
  expect(await probePicture(page, webp, 'image/webp')).toMatchObject({ frames: 8, size: [128, 128] });
  const zip = await untilSaved(page, /PNG/);
  const pictures = Object.entries(unzipSync(new Uint8Array(zip))).filter(([name]) => name.endsWith('.png'));
  expect(pictures).toHaveLength(8);
  for (const [name, picture] of pictures) {
    expect(await probePicture(page, picture, 'image/png'), name).toMatchObject({ size: [128, 128] });
  }

  for (const file of [mp4, webm, gif, webp, zip]) {
    expect(file.includes(AI_GENERATED)).toBe(true);
    const about = await readAbout(new Blob([new Uint8Array(file)]));
    expect(about).toMatchObject({ seed: 1, settings: { quality: 'draft', steps: 1, width: 128 } });
  }

  const beside = page.getByRole('radio', { name: 'Photo, pose and dance' });
  await beside.check();
  const panels = await probe(await untilSaved(page, /MP4/));
  expect(panels.size).toEqual([128 * 3 + 16, 128]);
});

test('a reload offers to go on where it stopped; a change redoes only what depends on it', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await openReady(page);
  await page.getByRole('button', { name: 'Make them dance' }).click();
  await expect.poll(() => framesDone(page), { timeout: 120_000 }).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Stop and keep' }).click();
  await expect(page.getByRole('button', { name: 'Save the dance' })).toBeVisible();
  // What is kept is written in the background.
  await page.waitForTimeout(1000);

  await page.reload();
  await expect(page.getByText(/Your last dance/)).toBeVisible();
  await page.getByRole('button', { name: /Go on with it|Show it again/ }).click();
  await page.getByRole('button', { name: 'Save the dance' }).click({ timeout: 120_000 });
  expect((await probe(await untilSaved(page, /MP4/))).frames).toBe(8);
  await page.keyboard.press('Escape');

  // A shorter part is there already: it shows at once.
  const end = page.getByRole('slider', { name: 'End of the part that is used' });
  await end.focus();
  for (let press = 0; press < 5; press++) await page.keyboard.press('ArrowLeft');
  await page.getByRole('button', { name: 'Dance again' }).click();
  await expect(page.getByRole('button', { name: 'Make them dance' })).toBeDisabled({ timeout: 5000 });
  await expect(page.getByText(/0:00\.0 to 0:00\.4/)).toBeVisible();
  // In a mirror every pose is new.
  await page.getByRole('button', { name: 'Mirror' }).click();
  await expect(page.getByRole('button', { name: 'Dance again' })).toBeEnabled();

  await page.getByRole('button', { name: /Processor|WebGPU/ }).click();
  await page.getByRole('button', { name: 'Forget everything' }).click();
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: /Yes, forget/ }).click()]);
  await expect(page.getByRole('button', { name: 'See an example' })).toBeVisible();
  await expect(page.getByText(/Your last dance/)).toBeHidden();
});

test('every fault is a sentence with a remedy, and loses nothing', async ({ page }) => {
  test.setTimeout(180_000);
  await page.goto('./');
  await choosePhoto(page);
  const photo = page.getByRole('region', { name: 'Photo' });
  await expect(photo.getByRole('button', { name: 'Correct the joints' })).toBeVisible({ timeout: 60_000 });

  const give = (region: string, name: string, bytes: Buffer) =>
    page
      .getByRole('region', { name: region })
      .locator('input[type=file]')
      .first()
      .setInputFiles({ name, mimeType: '', buffer: bytes });
  const sees = (region: string, sentence: RegExp) =>
    expect(page.getByRole('region', { name: region }).getByRole('alert')).toContainText(sentence, {
      timeout: 30_000,
    });

  await give('Photo', 'notes.png', Buffer.from('These are my notes, not a picture.'));
  await sees('Photo', /text file, not a picture.*Choose a PNG/s);
  await give('Photo', 'empty.png', Buffer.alloc(0));
  await sees('Photo', /empty.*again/s);
  await give('Photo', 'dance.mp4', readFileSync(CLIP));
  await sees('Photo', /here a photo is wanted.*Drop it on the clip/s);
  await give('Photo', 'icon.png', readFileSync('public/icons/icon-192.png'));
  await sees('Photo', /No person was found/);
  // The good photo is still there.
  await expect(photo.getByRole('img', { name: 'The photo person-2.png' })).toBeVisible();
  // Whoever sees a person where the network sees none shows where they are.
  await photo.getByRole('button', { name: 'Place the joints by hand' }).click();
  await expect(photo.getByRole('img', { name: 'The photo icon.png' })).toBeVisible();
  await expect(photo.getByRole('button', { name: 'left ankle', exact: true })).toBeVisible();
  await expect(photo.getByRole('alert')).toBeHidden();
  // Without a neck nobody dances; out of the picture it waits at the edge, to be fetched from there.
  const neck = photo.getByRole('button', { name: /^neck/ });
  await neck.focus();
  while (!(await neck.getAttribute('aria-label'))?.includes('not seen'))
    await page.keyboard.press('Shift+ArrowUp');
  await sees('Photo', /shoulders are not both in it.*move the missing joints/s);
  await page.keyboard.press('ArrowUp');
  await expect(photo.getByRole('alert')).toBeHidden();

  await give('Dance', 'notes.mp4', Buffer.from('No dance in here.'.repeat(20)));
  await sees('Dance', /not a video.*Choose an MP4/s);
  // What is left of a cut file is used, and the page says so.
  await give('Dance', 'half.mp4', readFileSync(CLIP).subarray(0, 9000));
  await expect(page.getByText('The end of this file is missing')).toBeVisible({ timeout: 30_000 });
  await give('Dance', 'person.png', readFileSync(PHOTO));
  await sees('Dance', /here a clip is wanted/);
  await page.getByRole('button', { name: 'Close this message' }).last().click();
  await chooseClip(page);
  await untilReady(page);
});

test('the keyboard alone goes all the way', async ({ page }) => {
  test.setTimeout(180_000);
  await page.goto('./');
  const focus = async (name: RegExp, role: string) => {
    for (let press = 0; press < 80; press++) {
      await page.keyboard.press('Tab');
      const [named, kind] = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        const words = element?.getAttribute('aria-label') ?? element?.innerText ?? '';
        return [words, element?.getAttribute('role') ?? element?.localName ?? ''] as const;
      });
      if (name.test(named) && kind === role) return;
    }
    throw new Error(`Tab never reached ${name}.`);
  };
  await focus(/Mira/, 'button');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Correct the joints' }).waitFor({ timeout: 60_000 });
  await chooseClip(page);
  await untilReady(page);

  await focus(/Correct the joints/, 'button');
  await page.keyboard.press('Enter');
  await focus(/^right wrist/, 'button');
  const place = () => page.locator(':focus').getAttribute('transform');
  const before = await place();
  await page.keyboard.press('ArrowRight');
  expect(await place()).not.toBe(before);

  await focus(/Settings/, 'button');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Settings' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog', { name: 'Settings' })).toBeHidden();
  // Focus is back where it was.
  await expect(page.locator(':focus')).toContainText('Settings');
  await focus(/Make them dance/, 'button');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: /Cancel|Stop and keep/ })).toBeVisible();
});
