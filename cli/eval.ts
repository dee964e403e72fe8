/**
 * Measures a pack on people it has never seen, through the product's own engine.
 *   npm run eval -- [--pack DIR|URL] [--set DIR] [--json] [--sheet FILE] [--pairs N] [--clips N] [--threads N]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { withPage } from '../tools/pages.ts';
import { serveFolder, servePack } from '../tools/serve-files.ts';
import type { EvaluationRequest, EvaluationResult } from './eval/page.ts';

const { values } = parseArgs({
  options: {
    pack: { type: 'string', default: 'public/packs/default' },
    set: { type: 'string', default: 'eval/heldout' },
    sheet: { type: 'string', default: 'test-results/contact-sheet.png' },
    json: { type: 'boolean', default: false },
    pairs: { type: 'string' },
    clips: { type: 'string' },
    threads: { type: 'string', default: '0' },
  },
});

for (const [folder, file] of [
  [values.set, 'pairs.json'],
  ...(/^https?:/.test(values.pack) ? [] : [[values.pack, 'pack.json']]),
] as const) {
  if (folder !== undefined && file !== undefined && existsSync(join(folder, file))) continue;
  console.error(`${folder} has no ${file}.`);
  process.exit(2);
}

// The pose detector's files are made, not committed. What their making says must not stand before the JSON.
execFileSync(process.execPath, ['--import', 'tsx', 'tools/prepare-pose.ts'], { stdio: ['ignore', 2, 2] });

const result = await withPage('/cli/eval/page.html', {}, async (page) => {
  page.on('console', (message) => {
    if (message.type() === 'info') console.error(message.text());
  });
  await serveFolder(page, '/served-set/', values.set);
  const request: EvaluationRequest = {
    pack: await servePack(page, values.pack),
    set: '/served-set/',
    pairs: Number(values.pairs ?? Number.POSITIVE_INFINITY),
    clips: Number(values.clips ?? Number.POSITIVE_INFINITY),
    threads: Number(values.threads),
  };
  return page.evaluate((it) => (window as unknown as EvaluationPage).evaluate(it), request);
});

interface EvaluationPage {
  evaluate(request: EvaluationRequest): Promise<EvaluationResult>;
}

mkdirSync(dirname(values.sheet), { recursive: true });
writeFileSync(values.sheet, Buffer.from(result.sheet.slice(result.sheet.indexOf(',') + 1), 'base64'));
const { device, pack, figures } = result;
if (values.json) {
  console.log(JSON.stringify({ name: 'eval', device, pack, figures }));
} else {
  console.log(`${pack} on ${device}; contact sheet: ${values.sheet}`);
  console.table(figures);
}
