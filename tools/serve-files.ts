import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Page } from '@playwright/test';
import type { Files } from './memory-pack.ts';

type Read = (path: string) => Promise<Uint8Array | undefined>;

/** Answers the page's and its workers' requests below `path` (such as `/pack/`). */
async function serve(page: Page, path: string, read: Read): Promise<void> {
  await page.context().route(
    (url) => url.pathname.startsWith(path),
    async (route) => {
      const bytes = await read(
        decodeURIComponent(new URL(route.request().url()).pathname.slice(path.length)),
      );
      if (bytes === undefined) return route.fulfill({ status: 404 });
      return route.fulfill({ body: Buffer.from(bytes), contentType: 'application/octet-stream' });
    },
  );
}

export function serveFiles(page: Page, path: string, files: Files): Promise<void> {
  return serve(page, path, async (file) => files.get(file));
}

export function serveFolder(page: Page, path: string, directory: string): Promise<void> {
  return serve(page, path, (file) => readFile(join(directory, normalize(`/${file}`))).catch(() => undefined));
}

/** The address at which the page finds a pack that is a folder here, or on the web. */
export async function servePack(page: Page, pack: string): Promise<string> {
  if (/^https?:/.test(pack)) return pack;
  await serveFolder(page, '/served-pack/', pack);
  return '/served-pack/';
}
