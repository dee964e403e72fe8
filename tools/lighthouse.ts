/** `npm run lighthouse`: the production build, as Lighthouse sees it on a desktop and on its phone. */
import { launch } from 'chrome-launcher';
import lighthouse, { desktopConfig } from 'lighthouse';
import { preview } from 'vite';
import { buildApp } from './build-app.ts';
import { findChromium } from './chromium.ts';

/** What each score must reach, of 100. */
const DESKTOP = { performance: 100, accessibility: 100, 'best-practices': 100 };
const PHONE = { performance: 95, accessibility: 100, 'best-practices': 100 };

await buildApp();
const server = await preview({ preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
const address = server.httpServer.address();
if (address === null || typeof address === 'string') throw new Error('The server has no port.');
const url = `http://127.0.0.1:${address.port}/`;
const chrome = await launch({ chromePath: findChromium(), chromeFlags: ['--headless=new', '--no-sandbox'] });
let isGood = true;
try {
  for (const [form, asked] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    const flags = { port: chrome.port, onlyCategories: Object.keys(asked), logLevel: 'error' } as const;
    const run = await lighthouse(url, { ...flags }, form === 'desktop' ? desktopConfig : undefined);
    if (!run) throw new Error('Lighthouse gave no answer.');
    const { categories, audits } = run.lhr;
    for (const [name, least] of Object.entries(asked)) {
      const category = categories[name];
      const score = Math.round((category?.score ?? 0) * 100);
      isGood &&= score >= least;
      console.log(`${form} ${name}: ${score}${score < least ? `, asked are ${least}` : ''}`);
      for (const { id, weight } of score < least ? (category?.auditRefs ?? []) : []) {
        const audit = audits[id];
        if (weight > 0 && audit && (audit.score ?? 1) < 0.9)
          console.log(`  ${audit.title} ${audit.displayValue ?? ''}`);
      }
    }
  }
} finally {
  chrome.kill();
  await server.close();
}
process.exit(isGood ? 0 : 1);
