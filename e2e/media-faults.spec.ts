import { expect } from '@playwright/test';
import { count, test } from './media-support.ts';
import { MUTATIONS } from './pages/mutate.ts';

test('each has its name and its sentence', async ({ page }) => {
  const faults = await page.evaluate(async () => {
    const { lab, media } = window;
    const clip = (file: Blob) => lab.fault(() => media.openClip(file));
    const photo = (file: Blob) => lab.fault(() => media.openPhoto(file));
    const mp4 = await lab.fixture('media/b-frames.mp4');
    const jpeg = await lab.fixture('media/photo.jpg');
    const text = new File(['This is not a film.\n'], 'film.mp4', { type: 'video/mp4' });
    const bomb = new Uint8Array(await (await lab.fixture('media/photo.png')).arrayBuffer());
    new DataView(bomb.buffer).setUint32(16, 60_000);
    new DataView(bomb.buffer).setUint32(20, 60_000);
    return {
      hevc: await clip(await lab.fixture('media/hevc.mp4')),
      soundAlone: await clip(await lab.fixture('media/sound-alone.mp4')),
      textNamedMp4: await clip(text),
      textNamedPng: await photo(text),
      emptyClip: await clip(new File([], 'a.mp4')),
      emptyPhoto: await photo(new File([], 'a.png')),
      photoAsClip: await clip(new File([jpeg], 'a.mp4')),
      clipAsPhoto: await photo(new File([mp4], 'a.png')),
      cutWithoutIndex: await clip(mp4.slice(0, mp4.size * 0.6)),
      cutPhoto: await photo(jpeg.slice(0, jpeg.size * 0.6)),
      hugeHeader: await photo(new Blob([bomb])),
      renamedClip: await clip(new File([mp4], 'a.webm', { type: 'video/webm' })),
      renamedPhoto: await photo(new File([jpeg], 'a.png', { type: 'image/png' })),
      noRoom: await lab.fault(() => media.writeVideo({ width: 40_000, height: 40_000, frameRate: 25 })),
    };
  });
  expect(faults).toEqual({
    hevc: 'UnsupportedCodecError',
    soundAlone: 'NoFramesError',
    textNamedMp4: 'UnknownFileError',
    textNamedPng: 'UnknownFileError',
    emptyClip: 'EmptyFileError',
    emptyPhoto: 'EmptyFileError',
    photoAsClip: 'WrongKindError',
    clipAsPhoto: 'WrongKindError',
    cutWithoutIndex: 'TruncatedFileError',
    cutPhoto: 'TruncatedFileError',
    hugeHeader: 'PictureTooLargeError',
    renamedClip: 'none',
    renamedPhoto: 'none',
    noRoom: 'CannotEncodeError',
  });
});

test('200 damaged files each end soon, in a result or a named fault, and the page works on', async ({
  page,
}) => {
  const paths = [
    'media/b-frames.mp4',
    'media/photo.jpg',
    'media/odd.webm',
    'media/photo.png',
    'media/rotated.mp4',
    'media/photo.webp',
    'media/variable.mp4',
    'media/photo.avif',
    'media/uncompressed-sound.mov',
    'media/moving.gif',
    'media/silent.webm',
  ];
  // These once held the page for ever.
  const known = [
    { path: 'media/odd.webm', mutation: 'erase', seed: 320 },
    { path: 'media/variable.mp4', mutation: 'huge', seed: 378 },
    { path: 'media/silent.webm', mutation: 'erase', seed: 4023 },
  ] as const;
  const drawn = count(200).map((seed) => ({
    path: paths[seed % paths.length] ?? '',
    mutation: MUTATIONS[Math.floor(seed / paths.length) % MUTATIONS.length] ?? 'flip',
    seed,
  }));
  const outcomes: Record<string, number> = {};
  for (const { path, mutation, seed } of [...known, ...drawn]) {
    const end = await page.evaluate(({ path, mutation, seed }) => window.lab.survive(path, mutation, seed), {
      path,
      mutation,
      seed,
    });
    expect(end.seconds, JSON.stringify(end)).toBeLessThan(10);
    expect(end.outcome, JSON.stringify(end)).not.toContain('unnamed');
    outcomes[end.outcome] = (outcomes[end.outcome] ?? 0) + 1;
  }
  expect(Object.keys(outcomes).length).toBeGreaterThan(5);
  const after = await page.evaluate(async () => {
    return window.lab.readClip(await window.lab.fixture('media/b-frames.mp4'));
  });
  expect(after.numbers).toEqual(count(50));
});
