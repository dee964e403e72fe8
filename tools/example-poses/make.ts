/**
 * Finds the poses of the built-in examples once and for all, so that an example begins to dance at once:
 * `node --import tsx tools/example-poses/make.ts`, after a change of the examples or of the pose models.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { withPage } from '../pages.ts';

const FOLDER = 'public/examples';
const { references, clips } = JSON.parse(readFileSync(`${FOLDER}/examples.json`, 'utf8'));

await withPage('/tools/example-poses/page.html', {}, async (page, origin) => {
  await page.waitForFunction(() => 'finder' in window, undefined, { timeout: 300_000 });
  for (const [kind, examples] of Object.entries({ photo: references, clip: clips })) {
    for (const { id, file } of examples as { id: string; file: string }[]) {
      const poses = await page.evaluate(([kind, url]) => window.finder[kind as 'photo' | 'clip'](url), [
        kind,
        `${origin}/examples/${file}`,
      ] as const);
      writeFileSync(`${FOLDER}/${id}.poses.json`, `${JSON.stringify(poses)}\n`);
      console.log(`${id}.poses.json`);
    }
  }
});
