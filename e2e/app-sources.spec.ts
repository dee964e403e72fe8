import { expect } from '@playwright/test';
import { chooseClip, choosePhoto, test, untilReady } from './app-support.ts';

test.use({ permissions: ['camera', 'microphone'] });

test('the camera takes a photo after a countdown', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Camera' }).click();
  const sheet = page.getByRole('dialog', { name: 'Take a photo' });
  await sheet.getByRole('button', { name: 'Take the photo' }).click({ timeout: 15_000 });
  await expect(sheet.getByRole('status')).toHaveText(/^[123]$/);
  await expect(sheet).toBeHidden({ timeout: 10_000 });
  // Chromium's test picture shows nobody: the page says so.
  await expect(page.getByRole('region', { name: 'Photo' }).getByRole('alert')).toContainText('No person', {
    timeout: 60_000,
  });
});

test('the camera records a dance until it is stopped', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Record' }).click();
  const sheet = page.getByRole('dialog', { name: 'Record a dance' });
  await sheet.getByRole('button', { name: 'Start recording' }).click({ timeout: 15_000 });
  await sheet.getByRole('button', { name: 'Stop recording' }).waitFor({ timeout: 10_000 });
  await page.waitForTimeout(1000);
  await sheet.getByRole('button', { name: 'Stop recording' }).click();
  await expect(sheet).toBeHidden();
  // What was recorded is a clip as any other; Chromium's test picture shows nobody in it.
  const dance = page.getByRole('region', { name: 'Dance' });
  await expect(dance.getByLabel('The clip Recorded dance')).toBeAttached({ timeout: 30_000 });
  await expect(page.getByRole('slider', { name: 'End of the part that is used' })).toBeVisible();
});

test('of several people, one is picked: in the photo and in the clip', async ({ page }) => {
  await page.goto('./');
  const photo = page.getByRole('region', { name: 'Photo' });
  const dance = page.getByRole('region', { name: 'Dance' });
  const skeleton = (region: typeof photo) => region.locator('.skeleton:not(.faint) circle').first();
  const place = async (region: typeof photo) => Number(await skeleton(region).getAttribute('cx'));

  await choosePhoto(page, 'fixtures/app/two-people.jpg');
  await expect(photo.getByText('2 people')).toBeVisible({ timeout: 60_000 });
  const before = await place(photo);
  await photo.getByRole('button', { name: 'The next one' }).click();
  expect(Math.abs((await place(photo)) - before)).toBeGreaterThan(200);

  await chooseClip(page, 'fixtures/app/two-dancers.mp4');
  await untilReady(page);
  await expect(dance.getByText(/2 people/)).toBeVisible();
  await dance.getByRole('button', { name: 'Pause the clip' }).click();
  const followed = await place(dance);
  const view = await dance.locator('.clip-view').boundingBox();
  if (!view) throw new Error('The clip is not shown.');
  const onTheOther = followed < 256 ? 0.77 : 0.23;
  await page.mouse.click(view.x + view.width * onTheOther, view.y + view.height * 0.5);
  await expect.poll(async () => Math.abs((await place(dance)) - followed)).toBeGreaterThan(100);
});
