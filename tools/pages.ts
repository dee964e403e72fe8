import type { Page } from '@playwright/test';
import { createServer, type ViteDevServer } from 'vite';
import { type ChromiumOptions, launchChromium } from './chromium.ts';

/** Serves the source tree as the app's own build would see it: same headers, same modules. */
export async function servePages(): Promise<{ url: string; close(): Promise<void> }> {
  const server: ViteDevServer = await createServer({
    server: { port: 0, strictPort: false, host: '127.0.0.1', hmr: false, watch: null },
    logLevel: 'error',
    clearScreen: false,
  });
  await server.listen();
  const address = server.httpServer?.address();
  if (address === null || address === undefined || typeof address === 'string') {
    throw new Error('The page server has no port.');
  }
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}

/**
 * Opens a page of the source tree (such as `/bench/pages/attention.html`) in Chromium, hands it to `use`, and closes
 * everything behind it. A page's own errors are printed, so that a bench never fails without its reason.
 */
export async function withPage<T>(
  path: string,
  options: ChromiumOptions,
  use: (page: Page, origin: string) => Promise<T>,
): Promise<T> {
  const server = await servePages();
  const browser = await launchChromium(options);
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`[page] ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') console.error(`[page] ${message.text()}`);
    });
    // The first visit has the server transform every module: on a busy machine that takes longer than the usual half
    // minute.
    await page.goto(server.url + path, { timeout: 180_000 });
    return await use(page, server.url);
  } finally {
    await browser.close();
    await server.close();
  }
}
