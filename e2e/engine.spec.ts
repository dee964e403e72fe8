import { type Browser, expect, type Page, test } from '@playwright/test';
import { launchChromium } from '../tools/chromium.ts';
import { exportToMemory, type Files, memoryFolder } from '../tools/memory-pack.ts';
import { servePages } from '../tools/pages.ts';
import { randomModel, SMALL_MODEL } from '../tools/random-model.ts';
import { serveFiles } from '../tools/serve-files.ts';
import type { EngineBench, EngineFaults } from './pages/engine.ts';

declare const bench: EngineBench;
declare const faults: EngineFaults;

let pages: Awaited<ReturnType<typeof servePages>>;
let pack: Files;

test.beforeAll(async () => {
  pages = await servePages();
  pack = await exportToMemory(memoryFolder('random', randomModel(SMALL_MODEL)), 'f16');
});
test.afterAll(() => pages.close());

async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  await serveFiles(page, '/pack/', pack);
  await page.goto(`${pages.url}/e2e/pages/engine.html`);
  return page;
}

test.describe('in a worker, on the processor', () => {
  let browser: Browser;
  let page: Page;

  test.beforeAll(async () => {
    browser = await launchChromium();
    page = await openPage(browser);
  });
  test.afterAll(() => browser.close());

  test('says what it needs first', async () => {
    expect(await page.evaluate(() => faults.frame({}))).toMatchObject({
      name: 'NotReadyError',
      isOurs: true,
    });
  });

  test('loads a pack and makes frames that follow seed, pose and size', async () => {
    const info = await page.evaluate(() => bench.load('/pack/', { backend: 'auto' }));
    expect(info).toMatchObject({ backend: 'wasm', precision: 'f32' });
    expect(info.threads).toBeGreaterThan(1);
    expect(info.notices).toEqual([expect.stringContaining('WebGPU')]);
    await page.evaluate(() => bench.reference());
    const first = await page.evaluate(() => bench.frame());
    expect(first).toMatchObject({ width: 128, height: 128 });
    expect(first.shades).toBeGreaterThan(50);
    expect((await page.evaluate(() => bench.frame())).hash).toBe(first.hash);
    const others = [
      { seed: 2 },
      { guidance: 3 },
      { interaction: 'mutual' as const },
      { eta: 1 },
      { retouch: false },
    ];
    for (const other of others) {
      expect((await page.evaluate((options) => bench.frame(options), other)).hash).not.toBe(first.hash);
    }
    expect((await page.evaluate(() => bench.frame({}, 1))).hash).not.toBe(first.hash);
    expect(await page.evaluate(() => bench.frame({ width: 192, steps: 1 }))).toMatchObject({
      width: 192,
      height: 128,
    });
  });

  test('hands over the frames of a clip one by one, and stops when cancelled', async () => {
    const whole = await page.evaluate(() => bench.animate(3, { steps: 1 }));
    expect(whole.frames.map(({ index }) => index)).toEqual([0, 1, 2]);
    const part = await page.evaluate(() => bench.animate(50, { steps: 1 }, 2));
    expect(part.error).toMatchObject({ name: 'CancelledError', isOurs: true });
    expect(part.frames.length).toBeLessThanOrEqual(3);
  });

  test('stops a frame within a step', async () => {
    const { timings } = await page.evaluate(() => bench.frame({ steps: 10 }));
    const { error, ms } = await page.evaluate(() => faults.cancelled(500, 300));
    expect(error).toMatchObject({ name: 'CancelledError', isOurs: true });
    // One step; three are for what else the machine does.
    expect(ms).toBeLessThan((4 * timings.denoiseMs) / 10 + 100);
  });

  test('names what is wrong with a call', async () => {
    for (const options of [{ width: 100 }, { height: 0 }, { fromLastFrame: { strength: 3 } }]) {
      const error = await page.evaluate((it) => faults.frame(it), options);
      expect(error, JSON.stringify(options)).toMatchObject({ name: 'WrongInputError', isOurs: true });
      expect(error?.remedy).toMatch(/\w/);
    }
    expect(await page.evaluate(() => faults.frame({ steps: 5000 }))).toMatchObject({
      name: 'SchedulerError',
      isOurs: true,
    });
  });

  test('comes back when its worker dies, with the same frame', async () => {
    const before = await page.evaluate(() => bench.frame());
    // The frame at hand is done again, by itself.
    expect(await page.evaluate(() => faults.workerDies({ steps: 20 }))).toBeUndefined();
    expect((await page.evaluate(() => bench.frame())).hash).toBe(before.hash);
  });

  test('names what is wrong with a pack', async () => {
    // Another model: files of the first one are in the browser's store by now, under their hashes.
    const sound = await exportToMemory(memoryFolder('other', randomModel(SMALL_MODEL, 100)), 'f16');
    const altered = (path: string, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>) => {
      const bytes = sound.get(path);
      if (bytes === undefined) throw new Error(path);
      return new Map([...sound, [path, change(bytes.slice())]]) as Files;
    };
    const manifest = (change: (text: string) => string) =>
      altered('pack.json', (bytes) => new TextEncoder().encode(change(new TextDecoder().decode(bytes))));
    const flipped = (bytes: Uint8Array<ArrayBuffer>) =>
      bytes.map((byte, i) => (i === bytes.length - 9 ? byte ^ 64 : byte));
    const broken: Record<string, [Files, string]> = {
      missing: [new Map(), 'PackNotFoundError'],
      altered: [altered('unet/01.safetensors', flipped), 'PackCorruptError'],
      truncated: [altered('decoder.safetensors', (bytes) => bytes.slice(0, -100)), 'PackDownloadError'],
      newer: [manifest((text) => text.replace('"version": 1', '"version": 99')), 'PackVersionError'],
      text: [manifest(() => '<!doctype html>'), 'PackFormatError'],
    };
    for (const [fault, [files, name]] of Object.entries(broken)) {
      await serveFiles(page, `/${fault}-pack/`, files);
      const error = await page.evaluate((url) => faults.load(url, { backend: 'wasm' }), `/${fault}-pack/`);
      expect(error, fault).toMatchObject({ name, isOurs: true });
      expect(error?.remedy, fault).toMatch(/\w/);
    }
    // The model before is still there.
    expect(await page.evaluate(() => faults.frame({ steps: 1 }))).toBeUndefined();
  });

  test('says that there is no WebGPU to one who insists on it', async () => {
    const error = await page.evaluate(() => faults.load('/pack/', { backend: 'webgpu' }));
    expect(error).toMatchObject({ name: 'NoWebGpuError', isOurs: true });
  });
});

test.describe('a broken engine', () => {
  // A processor that plays a graphics device takes its time to compile shaders, anew in each worker.
  test.describe.configure({ timeout: 600_000 });

  test('is replaced, and the frame comes out the same', async () => {
    const browser = await launchChromium({ webgpu: true });
    try {
      const page = await openPage(browser);
      const small = { ...SMALL_MODEL, about: { ...SMALL_MODEL.about, size: [64, 64] } };
      await serveFiles(
        page,
        '/small-pack/',
        await exportToMemory(memoryFolder('small', randomModel(small)), 'f16'),
      );
      const { before, after, started, heard } = await page.evaluate(() =>
        bench.onFragileEngine('/small-pack/', ['busy', 'silent'], { width: 64, height: 64, steps: 2 }),
      );
      expect(before.shades).toBeGreaterThan(50);
      expect(after.map(({ hash }) => hash)).toEqual([before.hash, before.hash]);
      expect(started).toBe(5);
      expect(heard).toEqual([
        expect.stringMatching(/device was lost/),
        expect.stringMatching(/no answer for 2 seconds/),
      ]);
    } finally {
      await browser.close();
    }
  });
});
