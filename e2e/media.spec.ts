import { type Browser, expect, type Page, test } from '@playwright/test';
import { unzipSync } from 'fflate';
import { avcLevel } from '../src/media/avc.ts';
import { bitrateFor } from '../src/media/encoding.ts';
import { launchChromium } from '../tools/chromium.ts';
import { servePages } from '../tools/pages.ts';
import type { Lab, Media, MediaPage } from './pages/media.ts';
import { MUTATIONS } from './pages/mutate.ts';

declare global {
  interface Window {
    lab: Lab;
    media: Media;
    mediaPage: MediaPage;
  }
}

let browser: Browser;
let server: { url: string; close(): Promise<void> };
let page: Page;
const complaints: string[] = [];

test.beforeAll(async () => {
  server = await servePages();
  browser = await launchChromium({ camera: true });
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The library says so when a decoded frame was forgotten.
    if (message.text().includes('garbage collected')) complaints.push(message.text());
  });
  await page.goto(`${server.url}/e2e/pages/media.html`);
  await page.waitForFunction(() => window.lab !== undefined);
});

test.afterAll(async () => {
  await browser.close();
  await server.close();
  expect(complaints).toEqual([]);
});

const count = (length: number) => Array.from({ length }, (_, i) => i);

test.describe('clips in', () => {
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
    test(`${name}: upright, whole, in order, at its own times`, async () => {
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

  test('a variable frame rate keeps its times, or becomes constant on request', async () => {
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

  test('a trim gives the frames that are seen in it', async () => {
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

  test('a clip whose end is missing is used as far as it goes, and says so', async () => {
    const read = await page.evaluate(async () =>
      window.lab.readClip(await window.lab.fixture('media/cut.mp4')),
    );
    expect(read.info.notes).toEqual(['The end of this file is missing; it is used as far as it goes.']);
    expect(read.numbers).toEqual(count(21));
    expect(read.info.duration).toBeCloseTo(21 / 25, 6);
  });

  test('single frames and a filmstrip', async () => {
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

  test('a 4K clip is scaled down on the way', async () => {
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
});

test.describe('round trips', () => {
  test('dance.mp4: 150 frames in order at their own times, with its sound', async () => {
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
      test(`sound and picture stay together in ${container}, trimmed at ${start} s`, async () => {
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

  test('other kinds of sound are carried over or encoded again', async () => {
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

  test('works in a worker', async () => {
    const read = await page.evaluate(async () => {
      const result = await window.lab.inWorker(await window.lab.fixture('media/rotated.mp4'));
      return window.lab.readClip(result);
    });
    expect(read.numbers).toEqual(count(25));
    expect(read.upright).toBe(true);
    expect(read.info.sound?.codec).toBe('AAC');
  });
});

test.describe('results', () => {
  const about = { settings: { steps: 8, text: 'a <b> & "c" &amp; ü' }, seed: 42 };

  test('every format opens again and knows how it was made', async () => {
    const results = await page.evaluate(async (about) => {
      const { media, lab } = window;
      const clip = await media.openClip(await lab.fixture('media/b-frames.mp4'));
      const size = { width: 128, height: 96, frameRate: 25, about };
      const writers = {
        mp4: await media.writeVideo({ ...size, container: 'mp4' }),
        webm: await media.writeVideo({ ...size, container: 'webm' }),
        gif: await media.writeGif(size),
        dithered: await media.writeGif({ ...size, dither: true }),
        webp: await media.writeWebp(size),
        zip: await media.writeFrames({ ...size, files: { 'poses.json': '{"poses":[]}' } }),
      };
      for await (const frame of clip.frames({ end: 0.4 })) {
        for (const writer of Object.values(writers)) await writer.add(frame);
        frame.close();
      }
      const files: [string, Blob][] = [];
      for (const [name, writer] of Object.entries(writers)) files.push([name, await writer.finish()]);
      const still = await clip.frameAt(0.2);
      files.push(['png', await media.writeStill(still, about)]);
      still.close();
      clip.close();
      const found = [];
      for (const [name, file] of files) {
        const bytes = new Uint8Array(await file.arrayBuffer());
        const frames: { grey: number; seconds: number }[] = [];
        if (file.type.startsWith('image/')) {
          const decoder = new ImageDecoder({ data: bytes, type: file.type });
          await decoder.tracks.ready;
          for (let i = 0; i < (decoder.tracks.selectedTrack?.frameCount ?? 0); i++) {
            const { image } = await decoder.decode({ frameIndex: i });
            const [grey = 0] = lab.pixel(await createImageBitmap(image), 96, 72);
            frames.push({ grey, seconds: (image.duration ?? 0) / 1e6 });
            image.close();
          }
        }
        const text = new TextDecoder().decode(bytes);
        found.push({
          name,
          type: file.type,
          about: await media.readAbout(file),
          marked: text.includes(media.AI_GENERATED),
          frames,
          bytes: name === 'zip' ? Array.from(bytes) : [],
        });
      }
      return found;
    }, about);
    const greys = count(10).map((i) => ((24 + 4 * i) * 255) / 219);
    for (const { name, about: kept, marked, frames } of results) {
      expect(kept, name).toEqual(about);
      expect(marked, name).toBe(true);
      if (name === 'png') expect(frames).toHaveLength(1);
      if (!['gif', 'dithered', 'webp'].includes(name)) continue;
      expect(frames.length, name).toBe(10);
      frames.forEach(({ grey, seconds }, i) => {
        expect(Math.abs(grey - (greys[i] ?? 0)), `${name} ${i}`).toBeLessThan(8);
        expect(seconds, name).toBeCloseTo(0.04, 6);
      });
    }
    expect(results.map(({ type }) => type)).toEqual([
      'video/mp4',
      'video/webm',
      'image/gif',
      'image/gif',
      'image/webp',
      'application/zip',
      'image/png',
    ]);
    const zip = unzipSync(Uint8Array.from(results.find(({ name }) => name === 'zip')?.bytes ?? []));
    expect(Object.keys(zip).filter((name) => name.endsWith('.png'))).toHaveLength(10);
    expect(new TextDecoder().decode(zip['poses.json'])).toBe('{"poses":[]}');
    expect(JSON.parse(new TextDecoder().decode(zip['settings.json']))).toEqual(about);
    expect([...(zip['frame-00010.png'] ?? [])].slice(1, 4)).toEqual([0x50, 0x4e, 0x47]);
  });

  test('long results move to a file of the browser, chosen files are written as they grow', async () => {
    const { small, large, chosen, left } = await page.evaluate(async () => {
      const { media } = window;
      const canvas = new OffscreenCanvas(64, 64);
      canvas.getContext('2d')?.fillRect(0, 0, 64, 64);
      const files = Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.txt`, name.repeat(17e6)]));
      const root = await navigator.storage.getDirectory();
      const temporary = async () => {
        const folder = await root.getDirectoryHandle('unsaved-results').catch(() => null);
        let files = 0;
        if (folder) for await (const _ of folder.keys()) files++;
        return files;
      };
      const size = { width: 64, height: 64 };
      const writer = await media.writeFrames({ ...size, files });
      await writer.add(canvas);
      const large = await writer.finish();
      const filesThen = await temporary();
      const head = new TextDecoder().decode(await large.slice(30, 45).arrayBuffer());
      const tail = new TextDecoder().decode(await large.slice(-22 - 300).arrayBuffer());
      const short = await media.writeFrames(size);
      await short.add(canvas);
      await short.finish();
      const filesLater = await temporary();
      await media.forgetTemporaryFiles();
      const to = await root.getFileHandle('chosen.webp', { create: true });
      const chosenWriter = await media.writeWebp({ ...size, frameRate: 10, to });
      await chosenWriter.add(canvas);
      await chosenWriter.finish();
      const written = await to.getFile();
      await createImageBitmap(written);
      return {
        small: filesThen,
        large: [large.size > 50e6, large.type, head, tail.includes('c.txt')],
        chosen: written.size > 100,
        left: [filesLater, await temporary()],
      };
    });
    expect(small).toBe(1);
    expect(large).toEqual([true, 'application/zip', 'frame-00001.png', true]);
    expect(chosen).toBe(true);
    expect(left).toEqual([1, 0]);
  });

  test('panels stand side by side', async () => {
    const seen = await page.evaluate(async () => {
      const plain = (width: number, height: number, colour: string) => {
        const canvas = new OffscreenCanvas(width, height);
        const context = canvas.getContext('2d');
        if (context) context.fillStyle = colour;
        context?.fillRect(0, 0, width, height);
        return canvas;
      };
      const images = [plain(100, 200, '#f00'), plain(100, 100, '#0f0'), plain(50, 50, '#00f')];
      const layout = new window.media.PanelLayout(images, { height: 100, gap: 10, ground: '#fff' });
      const image = await createImageBitmap(layout.draw(images));
      const at = (x: number) => window.lab.pixel(image, x, 50).slice(0, 3).join();
      return { size: [layout.width, layout.height], pixels: [at(25), at(55), at(100), at(165), at(220)] };
    });
    expect(seen.size).toEqual([270, 100]);
    expect(seen.pixels).toEqual(['255,0,0', '255,255,255', '0,255,0', '255,255,255', '0,0,255']);
  });
});

test.describe('photos', () => {
  test('every EXIF orientation stands upright, small and large', async () => {
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

  test('transparent parts are laid on the chosen ground', async () => {
    const pixels = await page.evaluate(async () => {
      const { lab, media } = window;
      const result = [];
      for (const type of ['image/png', 'image/webp']) {
        const photo = await media.openPhoto(await lab.cornerPicture(96, 64, type, 'transparent'), {
          ground: '#00ff00',
        });
        result.push([lab.corners(photo.image), lab.pixel(photo.image, 48, 50).join(), photo.notes.length]);
      }
      return result;
    });
    expect(pixels).toEqual([
      ['red upper left, blue upper right', '0,255,0,255', 1],
      ['red upper left, blue upper right', '0,255,0,255', 1],
    ]);
  });

  test('100 megapixels, AVIF and moving pictures', async () => {
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
});

test.describe('faults', () => {
  test('each has its name and its sentence', async () => {
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

  test('200 damaged files each end soon, in a result or a named fault, and the page works on', async () => {
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
      const end = await page.evaluate(
        ({ path, mutation, seed }) => window.lab.survive(path, mutation, seed),
        { path, mutation, seed },
      );
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
});

test.describe('camera', () => {
  test('gives its newest frames, records a clip, and says when it is lost', async () => {
    const seen = await page.evaluate(async () => {
      const { mediaPage, media } = window;
      const cameras = await mediaPage.listCameras();
      const camera = await mediaPage.openCamera({ width: 320, height: 240, microphone: true });
      const recording = await camera.record();
      let frames = 0;
      for await (const { image } of camera.frames()) {
        image.close();
        if (++frames === 20) break;
      }
      // A loop slower than the camera gets frames that are as fresh as a fast one does.
      const ages: number[] = [];
      for await (const { image, takenAt } of camera.frames()) {
        ages.push(performance.now() - takenAt);
        image.close();
        if (ages.length === 6) break;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      const file = await recording.stop();
      const { info } = await media.openClip(file);
      const plain = camera.snapshot();
      const frameLoop = camera.frames();
      const [track] = camera.stream.getVideoTracks();
      track?.dispatchEvent(new Event('ended'));
      const lost = await window.lab.fault(async () => {
        for await (const { image } of frameLoop) image.close();
      });
      const reason = (await camera.lost).name;
      camera.close();
      const missing = await window.lab.fault(() => mediaPage.openCamera({ deviceId: 'no-such-camera' }));
      return {
        cameras: cameras.length,
        permission: await mediaPage.cameraPermission(),
        size: [plain.width, plain.height],
        ages,
        clip: [info.width, info.height, info.sound?.codec],
        duration: info.duration,
        lost,
        reason,
        missing,
      };
    });
    expect(seen.cameras).toBeGreaterThan(0);
    expect(seen.permission).toBe('granted');
    expect(seen.size).toEqual([320, 240]);
    // Were they queued, the last would be more than a second old.
    expect(seen.ages.at(-1)).toBeLessThan(700);
    expect(seen.clip).toEqual([320, 240, 'OPUS']);
    expect(seen.duration).toBeGreaterThan(1);
    expect(seen.lost).toBe('CameraLostError');
    expect(seen.reason).toBe('CameraLostError');
    expect(seen.missing).toBe('CameraMissingError');
  });

  test('a film of drawn frames takes the microphone along', async () => {
    const { seconds, tracks } = await page.evaluate(async () => {
      const { mediaPage, media } = window;
      const camera = await mediaPage.openCamera({ width: 320, height: 240, microphone: true });
      const [microphone] = camera.stream.getAudioTracks();
      const writer = await media.writeVideo({
        width: 320,
        height: 240,
        ...(microphone && { sound: microphone as MediaStreamAudioTrack }),
      });
      const began = performance.now();
      let last = 0;
      for await (const { image } of camera.frames()) {
        const timestamp = (performance.now() - began) / 1000;
        await writer.add(image, { timestamp, duration: 0.05 });
        image.close();
        last = timestamp;
        if (timestamp > 1.5) break;
      }
      const file = await writer.finish();
      camera.close();
      return { seconds: last, tracks: await window.lab.demux(file) };
    });
    expect(tracks.map(({ type }) => type)).toEqual(['video', 'audio']);
    expect(tracks[0]?.end).toBeCloseTo(seconds + 0.05, 2);
    expect(Math.abs((tracks[1]?.end ?? 0) - seconds)).toBeLessThan(0.4);
  });

  test('a refusal is named', async () => {
    const strict = await launchChromium({
      args: ['--use-fake-device-for-media-stream', '--deny-permission-prompts'],
    });
    try {
      const refused = await strict.newPage();
      await refused.goto(`${server.url}/e2e/pages/media.html`);
      await refused.waitForFunction(() => window.lab !== undefined);
      const fault = await refused.evaluate(() => window.lab.fault(() => window.mediaPage.openCamera()));
      expect(fault).toBe('CameraDeniedError');
    } finally {
      await strict.close();
    }
  });
});
