import { expect } from '@playwright/test';
import { unzipSync } from 'fflate';
import { count, test } from './media-support.ts';

const about = { settings: { steps: 8, text: 'a <b> & "c" &amp; ü' }, seed: 42 };

test('every format opens again and knows how it was made', async ({ page }) => {
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

test('long results move to a file of the browser, chosen files are written as they grow', async ({
  page,
}) => {
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

test('panels stand side by side', async ({ page }) => {
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
