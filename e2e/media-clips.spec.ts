import { expect } from '@playwright/test';
import { count, test } from './media-support.ts';

const clips = [
  { name: 'rotated.mp4', frames: 25, size: [96, 128], duration: 1, rotation: 90, sound: 'AAC' },
  { name: 'silent.webm', frames: 30, size: [128, 96], duration: 1, rotation: 0, sound: undefined },
  { name: 'b-frames.mp4', frames: 50, size: [128, 96], duration: 2, rotation: 0, sound: 'AAC' },
  { name: 'odd.webm', frames: 25, size: [125, 99], duration: 1, rotation: 0, sound: 'OPUS' },
  {
    name: 'uncompressed-sound.mov',
    frames: 25,
    size: [128, 96],
    duration: 1,
    rotation: 0,
    sound: 'PCM-S16',
  },
];
for (const { name, frames, size, duration, rotation, sound } of clips) {
  test(`${name}: upright, whole, in order, at its own times`, async ({ page }) => {
    const read = await page.evaluate(async (name) => {
      return window.lab.readClip(await window.lab.fixture(`media/${name}`));
    }, name);
    expect([read.info.width, read.info.height]).toEqual(size);
    expect(read.info.duration).toBeCloseTo(duration, 3);
    expect(read.info.rotation).toBe(rotation);
    expect(read.info.sound?.codec).toBe(sound);
    expect(read.info.variableFrameRate).toBe(false);
    expect(read.info.frameRate).toBeCloseTo(frames / duration, 3);
    expect(read.upright).toBe(true);
    expect(read.numbers).toEqual(count(frames));
    read.times.forEach((time, i) => expect(Math.abs(time - (i * duration) / frames)).toBeLessThan(0.001));
  });
}

test('a variable frame rate keeps its times, or becomes constant on request', async ({ page }) => {
  const { own, constant } = await page.evaluate(async () => {
    const file = await window.lab.fixture('media/variable.mp4');
    return {
      own: await window.lab.readClip(file),
      constant: await window.lab.readClip(file, { frameRate: 25 }),
    };
  });
  expect(own.info.variableFrameRate).toBe(true);
  expect(own.numbers).toEqual(count(30));
  const times = count(30).map((i) => (i < 10 ? i : 10 + 2 * (i - 10)) / 25);
  own.times.forEach((time, i) => expect(time).toBeCloseTo(times[i] ?? -1, 4));
  expect(constant.times).toEqual(count(50).map((i) => i / 25));
  expect(constant.numbers).toEqual(count(50).map((i) => (i < 10 ? i : 10 + Math.floor((i - 10) / 2))));
});

test('a trim gives the frames that are seen in it', async ({ page }) => {
  const { own, picked } = await page.evaluate(async () => {
    const file = await window.lab.fixture('media/b-frames.mp4');
    return {
      own: await window.lab.readClip(file, { start: 0.5, end: 1.1 }),
      picked: await window.lab.readClip(file, { start: 0.5, end: 1.1, frameRate: 10 }),
    };
  });
  expect(own.numbers).toEqual(count(16).map((i) => i + 12));
  expect(own.times[0]).toBe(0);
  expect(own.durations.reduce((a, b) => a + b)).toBeCloseTo(0.6, 6);
  expect(picked.numbers).toEqual([12, 15, 17, 20, 22, 25]);
});

test('a clip whose end is missing is used as far as it goes, and says so', async ({ page }) => {
  const read = await page.evaluate(async () =>
    window.lab.readClip(await window.lab.fixture('media/cut.mp4')),
  );
  expect(read.info.notes).toEqual(['The end of this file is missing; it is used as far as it goes.']);
  expect(read.numbers).toEqual(count(21));
  expect(read.info.duration).toBeCloseTo(21 / 25, 6);
});

test('single frames and a filmstrip', async ({ page }) => {
  const { number, strip, empty } = await page.evaluate(async () => {
    const clip = await window.media.openClip(await window.lab.fixture('media/b-frames.mp4'));
    const frame = await clip.frameAt(1.3);
    const image = frame.bitmap();
    frame.close();
    const grey = window.lab.pixel(image, 96, 72)[0] ?? 0;
    const strip = [];
    for await (const { time, image } of clip.filmstrip({ count: 5, height: 40 })) {
      strip.push({ time, size: [image.width, image.height] });
    }
    const empty = await window.lab.fault(async () => {
      for await (const _ of clip.frames({ start: 1, end: 1 }));
    });
    clip.close();
    return { number: Math.round(((grey * 219) / 255 + 16 - 40) / 4), strip, empty };
  });
  expect(number).toBe(32);
  expect(strip.map(({ size }) => size)).toEqual(count(5).map(() => [53, 40]));
  strip.forEach(({ time }, i) => expect(time).toBeCloseTo(0.2 + 0.4 * i, 6));
  expect(empty).toBe('NoFramesError');
});

test('a recording without an index has a whole filmstrip', async ({ page }) => {
  const strip = await page.evaluate(async () => {
    const { lab, media } = window;
    const clip = await media.openClip(await lab.fixture('media/recorded.webm'));
    const pictures = [];
    for await (const { time, image } of clip.filmstrip({ count: 5, height: 48 })) {
      const [grey = 0] = lab.pixel(image, image.width * 0.75, image.height * 0.75);
      pictures.push([time, Math.round(((grey * 219) / 255 + 16 - 40) / 4)] as const);
    }
    clip.close();
    return pictures;
  });
  expect(strip.map(([time]) => Number(time.toFixed(3)))).toEqual([0.2, 0.6, 1, 1.4, 1.8]);
  // Each shows the frame of its time, as nearly as so few bits tell.
  for (const [time, number] of strip) expect(Math.abs(number - time * 25)).toBeLessThan(3);
});

test('a 4K clip is scaled down on the way', async ({ page }) => {
  const size = await page.evaluate(async () => {
    const writer = await window.media.writeVideo({ width: 3840, height: 2160, frameRate: 30 });
    const picture = new OffscreenCanvas(3840, 2160);
    picture.getContext('2d')?.fillRect(0, 0, 3840, 2160);
    for (let i = 0; i < 3; i++) await writer.add(picture);
    const clip = await window.media.openClip(await writer.finish());
    const frame = await clip.frameAt(0.05);
    const image = frame.bitmap({ maxSide: 640 });
    frame.close();
    clip.close();
    return [clip.info.width, clip.info.height, image.width, image.height];
  });
  expect(size).toEqual([3840, 2160, 640, 360]);
});
