/**
 * Measures a pack on people it has never seen, through the product's own engine.
 *   npm run eval -- [--pack DIR|URL] [--set DIR] [--json] [--sheet FILE] [--pairs N] [--clips N] [--threads N] [--no-retouch]
 *                   [--parts] [--clip FILE [--every N] [--size S] [--steps N]] [--networks DIR [--window-step N]] [--report DIR]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { withPage } from '../tools/pages.ts';
import { sentenceOf } from '../tools/sentence-of.ts';
import { serveFolder, servePack } from '../tools/serve-files.ts';
import { faultsOfSet } from './eval/check-set.ts';
import { Gathering } from './eval/gather.ts';
import { Judges } from './eval/judges/judges.ts';
import type { Offered } from './eval/offer.ts';
import type { EvaluationRequest, EvaluationResult } from './eval/page.ts';
import { writeReport } from './eval/report.ts';

const USAGE = `Usage: npm run eval -- [--pack DIR|URL] [--set DIR] [--json] [--sheet FILE] [--pairs N] [--clips N] [--threads N] [--no-retouch]
                      [--parts] [--clip FILE [--every N] [--size S] [--steps N]] [--networks DIR [--window-step N]] [--report DIR]

--clip makes a clip again from its first whole person, in place of the set: every Nth frame, at S x S pixels.
--parts measures the layers' networks one by one, on a set as training/layers/parts.py writes it: eval/parts.
--networks adds LPIPS, FID, FID-VID and FVD, as far as DIR holds their published weights (docs/MEASURES.md).
--report writes one page with figures, plots and pictures.

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
        clip: { type: 'string' },
        every: { type: 'string', default: '1' },
        size: { type: 'string' },
        steps: { type: 'string', default: '4' },
        networks: { type: 'string' },
        parts: { type: 'boolean', default: false },
        'window-step': { type: 'string', default: '1' },
        report: { type: 'string' },
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
for (const name of ['every', 'steps', 'window-step'] as const) {
  if (!/^[1-9]\d*$/.test(values[name])) stop(`--${name} must be a whole number from 1 on.`, USAGE);
}
if (values.size !== undefined && (Number(values.size) % 64 !== 0 || !(Number(values.size) > 0))) {
  stop('--size must be a multiple of 64.', USAGE);
}
if (values.clip !== undefined && !existsSync(values.clip)) stop(`There is no ${values.clip}.`);
if (values.networks !== undefined && !existsSync(values.networks)) stop(`There is no ${values.networks}.`);
const set = values.set ?? (values.parts ? 'eval/parts' : 'eval/heldout');
const faults = values.clip === undefined && !values.parts ? faultsOfSet(set) : [];
if (faults.length > 0) stop(...faults.slice(0, MOST_FAULTS));
if (!/^https?:/.test(values.pack) && !existsSync(join(values.pack, 'pack.json'))) {
  stop(`${values.pack} has no pack.json.`);
}

const judges =
  values.networks === undefined
    ? undefined
    : await Judges.open(values.networks).catch((fault: unknown) => stop(sentenceOf(fault)));
if (judges) {
  console.error(`Networks: ${judges.names.join(', ') || 'none is complete'}.`);
  for (const missing of judges.missing) console.error(`Not there for ${missing}.`);
}
const isGathered = judges !== undefined || values.clip !== undefined || values.report !== undefined;
const gathering = new Gathering(judges, Number(values['window-step']));

// The pose detector's files are made, not committed. What their making says must not stand before the JSON.
execFileSync(process.execPath, ['--import', 'tsx', 'tools/prepare-pose.ts'], { stdio: ['ignore', 2, 2] });

const result = await withPage('/cli/eval/page.html', {}, async (page) => {
  page.on('console', (message) => {
    if (message.type() === 'info') console.error(message.text());
  });
  if (isGathered) await page.exposeFunction('offer', (offered: Offered) => gathering.add(offered));
  const { clip } = values;
  if (clip === undefined) await serveFolder(page, '/served-set/', set);
  else await page.route('**/served-clip', (route) => route.fulfill({ path: clip }));
  const request: EvaluationRequest = {
    task: values.parts ? 'parts' : clip === undefined ? 'people' : 'clip',
    pack: await servePack(page, values.pack),
    set: '/served-set/',
    ...counts,
    retouch: !values['no-retouch'],
    ...(clip !== undefined && {
      clip: {
        address: '/served-clip',
        every: Number(values.every),
        steps: Number(values.steps),
        ...(values.size !== undefined && { size: Number(values.size) }),
      },
    }),
  };
  return page.evaluate((it) => (window as unknown as EvaluationPage).evaluate(it), request);
}).catch((fault: unknown) => {
  console.error(sentenceOf(fault));
  process.exit(1);
});

interface EvaluationPage {
  evaluate(request: EvaluationRequest): Promise<EvaluationResult>;
}

mkdirSync(dirname(values.sheet), { recursive: true });
writeFileSync(values.sheet, Buffer.from(result.sheet.slice(result.sheet.indexOf(',') + 1), 'base64'));
const { device, pack } = result;
// Of people the page knows more than the pictures show: what it says stands.
const figures = { ...(isGathered ? gathering.figures() : {}), ...result.figures };
if (values.report !== undefined) {
  const title = `${pack} on ${values.clip ?? set}`;
  const path = writeReport(values.report, { title, device, figures, sheet: result.sheet, gathering });
  console.error(`Report: ${path}`);
}
if (values.json) {
  console.log(JSON.stringify({ name: 'eval', device, pack, figures }));
} else {
  console.log(`${pack} on ${device}; contact sheet: ${values.sheet}`);
  console.table(figures);
}
await judges?.dispose();
