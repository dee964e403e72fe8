import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, type Page, test } from '@playwright/test';
import { diskFolder } from '../cli/node-files.ts';
import type { PackManifest } from '../src/pack/manifest.ts';
import { launchChromium } from '../tools/chromium.ts';
import { exportToMemory, manifestOf } from '../tools/memory-pack.ts';
import { servePages } from '../tools/pages.ts';
import { jsonFile } from '../tools/random-weights.ts';

const WEIGHTS = 'unet/02.safetensors';

/** Another origin's server, since weights may lie anywhere; it can break off a file once, and counts what is asked. */
class PackServer {
  pack = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly asked: { path: string; range: string | undefined }[] = [];
  breakAfter: number | undefined;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const path = (request.url as string).slice(1);
      const { range } = request.headers;
      this.asked.push({ path, range });
      const content = this.pack.get(path);
      if (content === undefined) return response.writeHead(404, { 'Access-Control-Allow-Origin': '*' }).end();
      const start = range ? Number(/\d+/.exec(range)?.[0]) : 0;
      response.writeHead(range ? 206 : 200, {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Expose-Headers': 'Content-Range',
        'Content-Length': content.length - start,
        ...(range && { 'Content-Range': `bytes ${start}-${content.length - 1}/${content.length}` }),
      });
      if (path !== WEIGHTS || this.breakAfter === undefined) return response.end(content.slice(start));
      // Stays open and silent: the person closes the tab in the middle.
      response.write(content.slice(start, start + this.breakAfter));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

test('a pack is kept, taken up where it broke off, and makes room when it changes', async () => {
  const server = new PackServer();
  const url = await server.listen();
  server.pack = new Map(await exportToMemory(diskFolder('fixtures/diffusers-unet'), 'f16'));
  const manifest = manifestOf(server.pack);
  const pages = await servePages();
  const browser = await launchChromium();
  const context = await browser.newContext();
  const openPage = async (): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(`${pages.url}/e2e/pages/pack.html`);
    await page.waitForFunction(() => 'kept' in window);
    return page;
  };
  try {
    // The tab dies in the middle of a file.
    server.breakAfter = 300_000;
    const first = await openPage();
    void first.evaluate((address) => window.readInWorker(address), url).catch(() => undefined);
    const { sha256, bytes } = manifest.files[WEIGHTS] as PackManifest['files'][string];
    await expect
      .poll(() => first.evaluate((name) => window.kept().then((kept) => kept[name]), sha256))
      .toBe(300_000);
    await first.close();
    server.breakAfter = undefined;
    server.asked.length = 0;

    const sizes = Object.fromEntries(
      Object.entries(manifest.files).map(([path, file]) => [path, file.bytes]),
    );
    const second = await openPage();
    expect(await second.evaluate((address) => window.readInWorker(address), url)).toEqual({ sizes });
    expect(server.asked).toContainEqual({ path: WEIGHTS, range: 'bytes=300000-' });
    expect(server.asked.map(({ path }) => path)).not.toContain('unet/00.safetensors');
    expect((await second.evaluate(() => window.kept()))[sha256]).toBe(bytes);

    // Everything is here now, for workers and for the page.
    for (const read of ['readInWorker', 'readOnPage'] as const) {
      server.asked.length = 0;
      expect(await second.evaluate(([name, address]) => window[name](address), [read, url] as const)).toEqual(
        { sizes },
      );
      expect(server.asked).toEqual([{ path: 'pack.json', range: undefined }]);
    }

    // The server is gone.
    await context.setOffline(true);
    expect(await second.evaluate((address) => window.readOnPage(address), url)).toEqual({ sizes });
    await context.setOffline(false);

    // The pack changes: what it no longer has goes.
    const changed = {
      ...manifest,
      files: { ...manifest.files, [WEIGHTS]: { bytes, sha256: 'f'.repeat(64) } },
    };
    server.pack.set('pack.json', jsonFile(changed)).set(WEIGHTS, new Uint8Array(bytes));
    const { error } = await second.evaluate((address) => window.readOnPage(address), url);
    expect(error).toMatchObject({ name: 'PackCorruptError' });
    expect(error?.message).toContain(WEIGHTS);
    const kept = await second.evaluate(() => window.kept());
    expect(kept[sha256]).toBeUndefined();
    expect(kept[manifest.files['unet/00.safetensors']?.sha256 ?? '']).toBe(sizes['unet/00.safetensors']);
  } finally {
    await browser.close();
    await pages.close();
    server.close();
  }
});
