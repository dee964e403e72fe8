/**
 * Measures a pack on people it has never seen, through the product's own engine.
 *   npm run eval -- --parts [--pack DIR|URL] [--set eval/parts] [--json] [--pairs N] [--threads N]
 *   npm run eval -- [--pack DIR|URL] [--set DIR] [--json] [--sheet FILE] [--pairs N] [--clips N] [--threads N] [--no-retouch]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { withPage } from '../tools/pages.ts';
import { sentenceOf } from '../tools/sentence-of.ts';
import { serveFolder, servePack } from '../tools/serve-files.ts';
import { faultsOfSet } from './eval/check-set.ts';
import type { EvaluationRequest, EvaluationResult } from './eval/page.ts';

const USAGE = `Usage: npm run eval -- --parts [--pack DIR|URL] [--set DIR] [--json] [--pairs N] [--threads N]
       npm run eval -- [--pack DIR|URL] [--set DIR] [--json] [--sheet FILE] [--pairs N] [--clips N] [--threads N] [--no-retouch]

A set is a folder with pairs.json, a list of
  { "reference": FILE, "referenceJoints": JOINTS, "target": FILE, "targetJoints": JOINTS, "mask": FILE (optional) }
where JOINTS are OpenPose's 18 in the picture's pixels: [x, y, seen], [x, y], or null for one that is not seen.`;
const MOST_FAULTS = 10;

/** Ends what was asked for wrongly. */
function stop(...sentences: string[]): never {
  for (const sentence of sentences) console.error(sentence);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        pack: { type: 'string', default: 'public/packs/default' },
        set: { type: 'string' },
        sheet: { type: 'string', default: 'test-results/contact-sheet.png' },
        json: { type: 'boolean', default: false },
        pairs: { type: 'string', default: 'Infinity' },
        clips: { type: 'string', default: 'Infinity' },
        threads: { type: 'string', default: '0' },
        'no-retouch': { type: 'boolean', default: false },
        parts: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    stop(sentenceOf(error), USAGE);
  }
}

const values = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const counts = { pairs: Number(values.pairs), clips: Number(values.clips), threads: Number(values.threads) };
for (const [name, count] of Object.entries(counts)) {
  if (!(count >= 0)) stop(`--${name} must be a number.`, USAGE);
}
const set = values.set ?? (values.parts ? 'eval/parts' : 'eval/heldout');
const faults = values.parts ? [] : faultsOfSet(set);
if (faults.length > 0) stop(...faults.slice(0, MOST_FAULTS));
if (!/^https?:/.test(values.pack) && !existsSync(join(values.pack, 'pack.json'))) {
  stop(`${values.pack} has no pack.json.`);
}

// The pose detector's files are made, not committed. What their making says must not stand before the JSON.
execFileSync(process.execPath, ['--import', 'tsx', 'tools/prepare-pose.ts'], { stdio: ['ignore', 2, 2] });

const result = await withPage('/cli/eval/page.html', {}, async (page) => {
  page.on('console', (message) => {
    if (message.type() === 'info') console.error(message.text());
  });
  await serveFolder(page, '/served-set/', set);
  const request: EvaluationRequest = {
    pack: await servePack(page, values.pack),
    set: '/served-set/',
    ...counts,
    retouch: !values['no-retouch'],
    parts: values.parts,
  };
  return page.evaluate((it) => (window as unknown as EvaluationPage).evaluate(it), request);
}).catch((fault: unknown) => {
  console.error(sentenceOf(fault));
  process.exit(1);
});

interface EvaluationPage {
  evaluate(request: EvaluationRequest): Promise<EvaluationResult>;
}

if (result.sheet !== undefined) {
  mkdirSync(dirname(values.sheet), { recursive: true });
  writeFileSync(values.sheet, Buffer.from(result.sheet.slice(result.sheet.indexOf(',') + 1), 'base64'));
}
const { device, pack, figures } = result;
if (values.json) {
  console.log(JSON.stringify({ name: values.parts ? 'eval parts' : 'eval', device, pack, figures }));
} else {
  console.log(`${pack} on ${device}; contact sheet: ${values.sheet}`);
  console.table(figures);
}
