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

test('finds each person where they are, their right on their right', async () => {
  for (const [i, photo] of PHOTOS.entries()) {
    const people = await page.evaluate((url) => window.poseRoom.find('files', url), photo);
    expect(people).toHaveLength(1);
    const joints = people[0]?.joints ?? [];
    const errors = BODY.map((joint) => {
      const [x, y] = TRUTH.images[i]?.keypoints[joint] ?? [0, 0];
      return Math.hypot((joints[joint * 3] ?? 0) - x, (joints[joint * 3 + 1] ?? 0) - y);
    });
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(CLOSE);
  }
});

test('finds several people', async () => {
  const people = await page.evaluate((urls) => window.poseRoom.find('files', ...urls), [FIRST, SECOND]);
  expect(people).toHaveLength(2);
  const necks = people.map(({ joints }) => joints[3] ?? 0).sort((a, b) => a - b);
  expect(necks[0]).toBeLessThan(512);
  expect(necks[1]).toBeGreaterThan(512);
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

test('rejects what waits when the worker ends, and starts anew', async () => {
  const stopped = await page.evaluate((url) => window.told(window.poseRoom.findAndDispose(url)), FIRST);
  expect(stopped).toMatchObject({ error: 'PoseWorkerError' });
  expect(await page.evaluate((url) => window.poseRoom.find('files', url), FIRST)).toHaveLength(1);
});

test('says when the model is missing or is no model', async () => {
  const missing = await page.evaluate(() => window.told(window.poseRoom.warm('lost')));
  expect(missing).toMatchObject({ error: 'PoseModelError', remedy: expect.stringContaining('.task') });
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
