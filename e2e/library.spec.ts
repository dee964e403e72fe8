/** A page of somebody else's, served alone beside the library, with nothing of this repository's source. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { expect, test } from '@playwright/test';
import { launchChromium } from '../tools/chromium.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const PAGE = `<!doctype html><meta charset="utf-8"><title>Mine</title>
<script type="module" src="./some/place/pirouette.js"></script>
<pirouette-stage style="width: 256px; height: 256px"></pirouette-stage>`;
const FILES: Readonly<Record<string, string>> = {
  '/me.png': 'fixtures/motion/person-2.png',
  '/dance.mp4': 'fixtures/app/short-dance.mp4',
};

const server = createServer((request, response) => {
  const path = normalize(new URL(request.url ?? '/', 'http://host').pathname);
  try {
    const body =
      path === '/'
        ? PAGE
        : readFileSync(FILES[path] ?? join('dist-library', path.replace('/some/place/', '/')));
    response.writeHead(200, {
      'Content-Type': TYPES[extname(path) || '.html'] ?? 'application/octet-stream',
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});

test.beforeAll(async () => {
  test.setTimeout(180_000);
  execFileSync('npm', ['run', '--silent', 'build:library'], { stdio: ['ignore', 'ignore', 'inherit'] });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

test.afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("a page of anybody's makes frames with the element, and hears of problems", async () => {
  test.setTimeout(240_000);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const lost: string[] = [];
    page.on('response', (response) => response.status() === 404 && lost.push(response.url()));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const made = await page.evaluate(async () => {
      type Stage = HTMLElement & { settings: object };
      await customElements.whenDefined('pirouette-stage');
      const stage = document.querySelector('pirouette-stage') as Stage;
      const stages = new Set<string>();
      const next = (name: string) =>
        new Promise<CustomEvent>((resolve, reject) => {
          stage.addEventListener(name, (event) => resolve(event as CustomEvent), { once: true });
          if (name !== 'problem')
            stage.addEventListener('problem', (event) =>
              reject(new Error((event as CustomEvent).detail.message)),
            );
        });
      stage.addEventListener('progress', (event: Event) => stages.add((event as CustomEvent).detail.stage));
      stage.settings = { steps: 1, width: 128, height: 128, frameRate: 5 };
      stage.setAttribute('photo', 'me.png');
      stage.setAttribute('clip', 'dance.mp4');
      const first = (await next('frame')).detail;
      const frame = { total: first.total, width: first.image.width, height: first.image.height };
      const { reel } = (await next('done')).detail;
      const canvas = stage.shadowRoot?.querySelector('canvas');
      const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      const colours = new Set<number>();
      for (let i = 0; i < pixels.length; i += 4) colours.add((pixels[i] ?? 0) * 256 + (pixels[i + 1] ?? 0));
      const done = reel.ready().length;

      const problem = next('problem');
      stage.setAttribute('photo', 'nobody.png');
      return { frame, done, colours: colours.size, stages: [...stages], problem: (await problem).detail };
    });
    expect(made.frame).toEqual({ total: made.done, width: 128, height: 128 });
    expect(made.done).toBeGreaterThan(1);
    expect(made.colours).toBeGreaterThan(200);
    expect(made.stages).toEqual(['photo', 'clip', 'model', 'painting']);
    expect(made.problem).toMatchObject({ message: expect.stringContaining('nobody.png'), remedy: /address/ });
    expect(lost.map((url) => new URL(url).pathname)).toEqual(['/nobody.png']);
  } finally {
    await browser.close();
  }
});

test('what would be published is the library, and nothing else', () => {
  const out = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: 'dist-library', encoding: 'utf8' });
  const paths: string[] = JSON.parse(out)[0].files.map(({ path }: { path: string }) => path);
  const belongs = /^(pirouette\.js|README\.md|LICENSE|package\.json|(assets|types|pose|packs)\/.*)$/;
  expect(paths.filter((path) => !belongs.test(path))).toEqual([]);
  expect(paths).toContain('types/src/library/index.d.ts');
  expect(paths.some((path) => /^assets\/pose\.worker-.*\.js$/.test(path))).toBe(true);
});
