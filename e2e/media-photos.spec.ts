import { expect } from '@playwright/test';
import { test } from './media-support.ts';

test('every EXIF orientation stands upright, small and large', async ({ page }) => {
  const found = await page.evaluate(async () => {
    const { lab, media } = window;
    const result: string[][] = [];
    for (const [width, height] of [
      [96, 64],
      [6000, 4200],
    ] as const) {
      const jpeg = await lab.cornerPicture(width, height, 'image/jpeg');
      for (let orientation = 1; orientation <= 8; orientation++) {
        const photo = await media.openPhoto(await lab.turned(jpeg, orientation), { maxSide: 600 });
        result.push([
          lab.corners(photo.image),
          `${photo.fullWidth}x${photo.fullHeight}`,
          `${photo.width > photo.height}`,
        ]);
        photo.image.close();
      }
    }
    return result;
  });
  const corners = [
    'red upper left, blue upper right',
    'red upper right, blue upper left',
    'red lower right, blue lower left',
    'red lower left, blue lower right',
    'red upper left, blue lower left',
    'red upper right, blue lower right',
    'red lower right, blue upper right',
    'red lower left, blue upper left',
  ];
  const expected = (width: number, height: number) =>
    corners.map((corner, i) => [corner, i < 4 ? `${width}x${height}` : `${height}x${width}`, `${i < 4}`]);
  expect(found).toEqual([...expected(96, 64), ...expected(6000, 4200)]);
});

test('transparent parts are laid on the chosen ground', async ({ page }) => {
  const pixels = await page.evaluate(async () => {
    const { lab, media } = window;
    const result = [];
    for (const type of ['image/png', 'image/webp']) {
      const photo = await media.openPhoto(await lab.cornerPicture(96, 64, type, 'transparent'), {
        ground: '#00ff00',
      });
      result.push([lab.corners(photo.image), lab.pixel(photo.image, 48, 50).join(), photo.notes.length]);
    }
    // An alpha channel alone is nothing to speak of.
    const opaque = await media.openPhoto(await lab.cornerPicture(96, 64, 'image/png'));
    return [...result, opaque.notes.length];
  });
  expect(pixels).toEqual([
    ['red upper left, blue upper right', '0,255,0,255', 1],
    ['red upper left, blue upper right', '0,255,0,255', 1],
    0,
  ]);
});

test('100 megapixels, AVIF and moving pictures', async ({ page }) => {
  const { huge, avif, gif } = await page.evaluate(async () => {
    const { lab, media } = window;
    const huge = await media.openPhoto(await lab.gunzip(await lab.fixture('media/huge.jpg.gzip')), {
      maxSide: 1024,
    });
    const avif = await media.openPhoto(await lab.fixture('media/photo.avif'));
    const gif = await media.openPhoto(await lab.fixture('media/moving.gif'));
    return {
      huge: [huge.width, huge.height, huge.fullWidth, huge.fullHeight],
      avif: [avif.format, avif.width, avif.height, ...lab.pixel(avif.image, 10, 10).map((v) => v > 128)],
      gif: [gif.notes, gif.width],
    };
  });
  expect(huge).toEqual([1024, 1024, 10000, 10000]);
  expect(avif).toEqual(['AVIF', 96, 64, true, false, false, true]);
  expect(gif).toEqual([['This picture moves; its first frame is used.'], 128]);
});
