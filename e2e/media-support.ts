import { test as base, type Page } from '@playwright/test';
import { launchChromium } from '../tools/chromium.ts';
import { servePages } from '../tools/pages.ts';
import type { Lab, Media, MediaPage } from './pages/media.ts';

declare global {
  interface Window {
    lab: Lab;
    media: Media;
    mediaPage: MediaPage;
  }
}

interface MediaRoom {
  readonly page: Page;
  /** For another page of it. */
  readonly url: string;
}

/** The media room's page in a browser with a camera: one for all files of tests that share it. */
export const test = base.extend<{ page: Page }, { room: MediaRoom }>({
  room: [
    async ({ headless }, use) => {
      const server = await servePages();
      const browser = await launchChromium({ camera: true, headless: headless ?? true });
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        // The library says so when a decoded frame was forgotten.
        if (message.text().includes('garbage collected')) complaints.push(message.text());
      });
      const url = `${server.url}/e2e/pages/media.html`;
      await openRoom(page, url);
      await use({ page, url });
      await browser.close();
      await server.close();
      if (complaints.length > 0) throw new Error(complaints.join('\n'));
    },
    { scope: 'worker' },
  ],
  page: async ({ room }, use) => use(room.page),
});

export async function openRoom(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => window.lab !== undefined);
}

export const count = (length: number) => Array.from({ length }, (_, i) => i);
