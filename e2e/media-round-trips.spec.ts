import { expect } from '@playwright/test';
import { avcLevel } from '../src/media/avc.ts';
import { bitrateFor } from '../src/media/encoding.ts';
import { count, test } from './media-support.ts';

test('dance.mp4: 150 frames in order at their own times, with its sound', async ({ page }) => {
  const { info, tracks, before, after, soundBefore } = await page.evaluate(async () => {
    const file = await window.lab.fixture('motion/dance.mp4');
    const result = await window.lab.again(file, {});
    return {
      info: (await window.media.openClip(result)).info,
      tracks: await window.lab.demux(result),
      before: await window.lab.thumbs(file),
      after: await window.lab.thumbs(result),
      soundBefore: await window.lab.demux(file),
    };
  });
  const [video, sound] = tracks;
  expect(video?.packets).toBe(150);
  video?.starts.forEach((start, i) => expect(start).toBeCloseTo(i / 25, 4));
  expect(Math.abs((video?.end ?? 0) - 6)).toBeLessThan(0.001);
  expect(info.duration).toBeCloseTo(6, 3);
  expect(sound?.packets).toBe(soundBefore[1]?.packets);
  expect(sound?.starts[0]).toBeCloseTo(soundBefore[1]?.starts[0] ?? 1, 4);
  expect(Math.abs((sound?.end ?? 0) - 6)).toBeLessThan(0.04);
  const distance = (a: number[] = [], b: number[] = []) =>
    a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
  // Each frame of the result looks like its own frame of the clip, more than like the ones around it.
  count(150).forEach((i) => {
    const near = [i - 2, i - 1, i, i + 1, i + 2].filter((j) => j >= 0 && j < 150);
    const own = distance(after[i], before[i]);
    expect(own).toBeLessThan(3);
    // Where the dancer hardly moves, the neighbours look the same.
    expect(own).toBeLessThan(Math.min(...near.map((j) => distance(after[i], before[j]))) + 0.1);
  });
  const film = { width: 512, height: 512, frameRate: 60, bitrate: bitrateFor(512, 512, 30, 'good') };
  expect(video?.codec).toMatch(/^avc1\./);
  expect(Number.parseInt(video?.codec?.slice(-2) ?? '', 16)).toBeLessThanOrEqual(avcLevel(film) ?? 0);
});

for (const container of ['mp4', 'webm'] as const) {
  for (const start of [0, 0.5, 0.733]) {
    test(`sound and picture stay together in ${container}, trimmed at ${start} s`, async ({ page }) => {
      const { before, after, duration } = await page.evaluate(
        async ({ container, start }) => {
          const file = await window.lab.fixture('media/clap.mp4');
          const result = await window.lab.again(file, { container, start, end: 1.7 });
          const { info } = await window.media.openClip(result);
          return {
            before: await window.lab.clap(file),
            after: await window.lab.clap(result),
            duration: info.duration,
          };
        },
        { container, start },
      );
      expect(after.seen).toBeCloseTo(before.seen - start, 2);
      expect(Math.abs(after.heard - after.seen - (before.heard - before.seen))).toBeLessThan(0.0101);
      expect(Math.abs(duration - (1.7 - start))).toBeLessThan(0.04);
    });
  }
}

test('other kinds of sound are carried over or encoded again', async ({ page }) => {
  const codecs = await page.evaluate(async () => {
    const result: Record<string, (string | undefined)[]> = {};
    for (const name of ['odd.webm', 'uncompressed-sound.mov', 'silent.webm']) {
      const file = await window.lab.fixture(`media/${name}`);
      for (const container of ['mp4', 'webm'] as const) {
        const again = await window.lab.again(file, { container });
        const { info } = await window.media.openClip(again);
        const loudest = Math.max(0, ...(await window.lab.loudness(again)));
        result[`${name} ${container}`] = [
          info.sound?.codec,
          loudest > 0.05 ? 'heard' : 'silent',
          `${info.width}x${info.height}`,
        ];
      }
    }
    return result;
  });
  expect(codecs).toEqual({
    'odd.webm mp4': ['OPUS', 'heard', '124x98'],
    'odd.webm webm': ['OPUS', 'heard', '124x98'],
    'uncompressed-sound.mov mp4': [expect.stringMatching(/OPUS|AAC/), 'heard', '128x96'],
    'uncompressed-sound.mov webm': ['OPUS', 'heard', '128x96'],
    'silent.webm mp4': [undefined, 'silent', '128x96'],
    'silent.webm webm': [undefined, 'silent', '128x96'],
  });
});

test('works in a worker', async ({ page }) => {
  const read = await page.evaluate(async () => {
    const result = await window.lab.inWorker(await window.lab.fixture('media/rotated.mp4'));
    return window.lab.readClip(result);
  });
  expect(read.numbers).toEqual(count(25));
  expect(read.upright).toBe(true);
  expect(read.info.sound?.codec).toBe('AAC');
});
