import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { drawSkeleton, OPENPOSE_STYLE } from '../src/pose/skeleton.ts';
import { launchChromium } from '../tools/chromium.ts';
import { servePages } from '../tools/pages.ts';

const PHOTOS = [1, 2, 3, 4, 5].map((i) => `/fixtures/motion/person-${i}.png`);
const [FIRST, SECOND] = PHOTOS as [string, string];
const TRUTH: { images: { keypoints: [number, number][] }[] } = JSON.parse(
  readFileSync('fixtures/motion/persons.keypoints.json', 'utf8'),
);
/** Shoulders to ankles, and the most that they may be off, in pixels of 512. */
const BODY = Array.from({ length: 12 }, (_, i) => i + 2);
const CLOSE = 20;

let server: Awaited<ReturnType<typeof servePages>>;
let browser: Browser;
let page: Page;
const elsewhere: string[] = [];
const consoleErrors: string[] = [];

test.beforeAll(async () => {
  server = await servePages();
  browser = await launchChromium();
  const context = await browser.newContext();
  // The worker's own requests as well as the page's.
  context.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !/^(data|blob):/.test(request.url()))
      elsewhere.push(request.url());
  });
  page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') consoleErrors.push(message.text());
  });
  await page.goto(`${server.url}/e2e/pages/pose.html`);
  await page.waitForFunction(() => 'poseRoom' in window);
});

test.afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** The mean distance of the body's joints to the truth, in pixels; `shift` is where the photo lies in the picture. */
function errorOf(
  joints: readonly number[],
  person: number,
  shift: readonly [number, number] = [0, 0],
): number {
  const errors = BODY.flatMap((joint) => {
    const [x, y] = TRUTH.images[person]?.keypoints[joint] ?? [0, 0];
    const [foundX, foundY, score] = joints.slice(joint * 3, joint * 3 + 3) as [number, number, number];
    return score > 0 ? [Math.hypot(foundX - x - shift[0], foundY - y - shift[1])] : [];
  });
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

const seen = (joints: readonly number[], joint: number) => (joints[joint * 3 + 2] ?? 0) > 0;

test('finds each person where they are, their right on their right', async () => {
  for (const [i, photo] of PHOTOS.entries()) {
    const people = await page.evaluate((url) => window.poseRoom.find('files', url), photo);
    expect(people).toHaveLength(1);
    expect(errorOf(people[0]?.joints ?? [], i)).toBeLessThan(CLOSE);
  }
});

test('finds several people in one wide picture', async () => {
  const people = await page.evaluate((urls) => window.poseRoom.find('files', ...urls), [FIRST, SECOND]);
  expect(people).toHaveLength(2);
  const byPlace = people.toSorted((a, b) => (a.joints[3] ?? 0) - (b.joints[3] ?? 0));
  byPlace.forEach(({ joints }, i) => expect(errorOf(joints, i, [512 * i, 0])).toBeLessThan(CLOSE));
});

test('finds the outline of each person, and of nobody else', async () => {
  const people = await page.evaluate((urls) => window.poseRoom.outline(...urls), [FIRST, SECOND]);
  expect(people).toHaveLength(2);
  for (const { joints, corners } of people) {
    expect(joints.filter((alpha) => (alpha ?? 0) > 200).length).toBeGreaterThan(11);
    expect(Math.max(...corners.map((alpha) => alpha ?? 255))).toBeLessThan(20);
  }
});

test('finds an outline in a photo of any width, each pixel its own', async () => {
  for (let width = 500; width <= 520; width++) {
    const found = await page.evaluate(([url, width]) => window.poseRoom.outlineAtWidth(url, width), [
      FIRST,
      width,
    ] as const);
    expect(found?.size).toEqual([width, 512, width, 512, 512]);
    expect(errorOf(found?.joints ?? [], 0)).toBeLessThan(CLOSE);
    expect(found?.apart).toBeLessThan(0.02);
  }
});

test('marks what a cropped photo does not show', async () => {
  const [person] = await page.evaluate((url) => window.poseRoom.findInPart(url, 150, 20, 260, 240), FIRST);
  const joints = person?.joints ?? [];
  expect([0, 1, 2, 5].every((joint) => seen(joints, joint))).toBe(true);
  expect([9, 10, 12, 13].some((joint) => seen(joints, joint))).toBe(false);
  expect(errorOf(joints, 0, [-150, -20])).toBeLessThan(CLOSE);
});

test('finds nobody in an empty room', async () => {
  expect(await page.evaluate(() => window.poseRoom.findInEmptyRoom())).toEqual([]);
});

test("leaves the caller's picture open", async () => {
  expect(await page.evaluate((url) => window.poseRoom.keepsPicture(url), FIRST)).toBe(512);
});

test('follows a clip, also when its times stand still or jump back', async () => {
  const found = await page.evaluate((url) => window.poseRoom.follow(url, [0, 40, 40, 80, 0]), FIRST);
  expect(found).toEqual([1, 1, 1, 1, 1]);
  await page.evaluate(() => window.poseRoom.forget());
  expect(await page.evaluate((url) => window.poseRoom.follow(url, [0]), FIRST)).toEqual([1]);
});

test('follows one person, and notices a second one soon', async () => {
  const scenes = [[FIRST], [FIRST], [FIRST], ...Array(4).fill([FIRST, SECOND])];
  const found = await page.evaluate((scenes) => window.poseRoom.followCompany(scenes, 500), scenes);
  expect(found.slice(0, 3)).toEqual([1, 1, 1]);
  expect(found.at(-1)).toBe(2);
});

test('rejects what waits when the worker ends, and starts anew', async () => {
  const stopped = await page.evaluate((url) => window.told(window.poseRoom.findAndDispose(url)), FIRST);
  expect(stopped).toMatchObject({ error: 'PoseWorkerError' });
  expect(await page.evaluate((url) => window.poseRoom.find('files', url), FIRST)).toHaveLength(1);
});

test('replaces a worker whose network aborts, and one that dies', async () => {
  await page.evaluate(() => window.poseRoom.dispose('files'));
  const starting = page.waitForEvent('worker');
  await page.evaluate(() => window.poseRoom.warm('files'));
  const worker = await starting;
  // Rounding that does nothing: MediaPipe is given a width that it aborts at.
  await worker.evaluate(() => {
    Math.ceil = (value) => value;
  });
  const aborted = await page.evaluate((url) => window.told(window.poseRoom.outlineAtWidth(url, 513)), FIRST);
  expect(aborted).toMatchObject({ error: 'PoseDetectionError', message: expect.stringContaining('Aborted') });
  const restarting = page.waitForEvent('worker');
  expect(await page.evaluate((url) => window.poseRoom.outlineAtWidth(url, 513), FIRST)).not.toBeNull();

  const second = await restarting;
  const ended = second.waitForEvent('close');
  await second.evaluate(() => {
    setTimeout(() => {
      throw new Error('the wasm ran out of memory');
    });
  });
  await ended;
  expect(await page.evaluate((url) => window.poseRoom.find('files', url), FIRST)).toHaveLength(1);
});

test('says when the model is missing or is no model', async () => {
  const missing = await page.evaluate(() => window.told(window.poseRoom.warm('lost')));
  expect(missing).toMatchObject({
    error: 'PoseModelError',
    remedy: expect.stringContaining('reload the page'),
  });
  const wrong = await page.evaluate((url) => window.told(window.poseRoom.ownBundle(url, url)), FIRST);
  expect(wrong).toMatchObject({ error: 'PoseModelError' });
});

test("takes a person's own bundle", async () => {
  const people = await page.evaluate(
    (url) => window.poseRoom.ownBundle('/pose/pose_landmarker_lite.task', url),
    FIRST,
  );
  expect(people).toHaveLength(1);
});

test('draws the same skeleton in the browser as in Node', async () => {
  const [pose] = await page.evaluate((url) => window.poseRoom.find('files', url), FIRST);
  if (pose === undefined) throw new Error('nobody');
  const here = drawSkeleton({ ...pose, joints: Float32Array.from(pose.joints) }, OPENPOSE_STYLE);
  const there = await page.evaluate(
    (pose) =>
      window.poseRoom.skeletonHash(pose as unknown as Parameters<typeof window.poseRoom.skeletonHash>[0]),
    pose,
  );
  expect(there).toBe(createHash('sha256').update(here).digest('hex'));
});

test('has asked nobody else for anything', async () => {
  // Forgetting a clip closes its detector, which is when MediaPipe would report to its makers.
  await page.evaluate(() => window.poseRoom.forget());
  await page.waitForTimeout(500);
  expect(elsewhere).toEqual([]);
  expect(consoleErrors.filter((text) => /INFO:|odml/.test(text))).toEqual([]);
});
