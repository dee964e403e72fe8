/**
 * Makes the loops that the page shows before anything is pressed, with the built-in model as it is:
 * `node --import tsx tools/make-loops.ts`, after a change of the model or of the examples.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';

const FOLDER = 'public/examples';
const LIST = `${FOLDER}/examples.json`;
const PAIRS = [
  ['mira', 'disco'],
  ['kofi', 'hip-hop'],
  ['yuna', 'salsa'],
] as const;
/** Seconds into the clip, and how it is painted: what a person gets who changes nothing. */
const PART = ['--start', '1.6', '--end', '4'];
const PAINTED = ['--quality', 'draft', '--size', '256', '--fps', '12.5'];

const list = JSON.parse(readFileSync(LIST, 'utf8'));
list.loops = PAIRS.map(([photo, clip]) => {
  const file = `loop-${photo}-${clip}.webm`;
  const from = ['--reference', `${FOLDER}/${photo}.jpg`, '--motion', `${FOLDER}/${clip}.mp4`];
  const args = [...from, ...PART, ...PAINTED, '--out', `${FOLDER}/${file}`];
  execFileSync(process.execPath, ['--import', 'tsx', 'cli/animate.ts', ...args], { stdio: 'inherit' });
  console.log(`${file}: ${Math.round(statSync(`${FOLDER}/${file}`).size / 1000)} kB`);
  return { photo, clip, file };
});
writeFileSync(LIST, `${JSON.stringify(list, null, 2)}\n`);
