/**
 * `npm test`: types, style, unit tests, the training's own tests where Python has PyTorch, then a real browser. What
 * failed is named at the end; the last line is `N passed, N failed`.
 * `npm test -- --quick` leaves Python and the browser out, for the minutes between two edits.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.ts';
import { type Count, countPlaywright, countPython, countVitest, total } from './test-counts.ts';
import { findTorchPython } from './torch-python.ts';

const quick = process.argv.includes('--quick');
const reports = mkdtempSync(join(tmpdir(), 'pirouette-test-'));

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Steps that run beside others hold their words back until they end. */
function run(
  command: string,
  args: string[],
  options: { env?: object; cwd?: string; isHeld?: boolean } = {},
) {
  return new Promise<Ended>((resolve) => {
    const { env, cwd } = options;
    const child = spawn(command, args, { env: { ...process.env, ...env }, ...(cwd && { cwd }) });
    let output = '';
    const hear = (data: Buffer) => {
      output += data;
      if (!options.isHeld) process.stdout.write(data);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', (error) => resolve({ status: null, output: `${output}${error.message}\n` }));
    child.on('close', (status) => resolve({ status, output }));
  });
}

/** A step without a count of its own is one test. */
async function check(title: string, script: string): Promise<Count> {
  const { status, output } = await run('npm', ['run', '--silent', script], { isHeld: true });
  console.log(`\n== ${title}: ${status === 0 ? 'right' : 'FAILED'}`);
  if (status !== 0) console.log(output);
  return status === 0 ? { passed: 1, failed: [], flaky: [] } : { passed: 0, failed: [title], flaky: [] };
}

function reportIn(file: string): unknown {
  // A run that crashed has written none.
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

async function unitTests(): Promise<Count> {
  console.log('\n== Unit tests');
  const report = join(reports, 'unit.json');
  const args = ['vitest', 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = await run('npx', args);
  return countVitest(reportIn(report), status);
}

/** The training's tests; nobody needs PyTorch to work on the page. */
async function pythonTests(): Promise<Count> {
  const python = findTorchPython();
  if (python === undefined) {
    console.log('\n== Training: not tested, since no Python here has PyTorch and NumPy');
    return { passed: 0, failed: [], flaky: [] };
  }
  const args = ['-m', 'unittest', 'discover', '-v', '-s', 'tests', '-t', '.'];
  const ended = await run(python, args, { cwd: 'training', isHeld: true });
  const count = countPython(ended.output, ended.status);
  console.log(`\n== Training: ${count.passed} passed, ${count.failed.length} failed`);
  if (count.failed.length > 0) console.log(ended.output.slice(-8000));
  return count;
}

async function browserTests(): Promise<Count> {
  console.log('\n== Browser tests');
  try {
    findChromium();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return { passed: 0, failed: ['Browser tests: there is no browser'], flaky: [] };
  }
  const report = join(reports, 'browser.json');
  // What fails is tried once more, and told apart if it passes then: a verdict should not hang on a busy machine.
  const { status } = await run('npx', ['playwright', 'test', '--retries=1', '--reporter=list,json'], {
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  return countPlaywright(reportIn(report), status);
}

const counts: Count[] = [await check('Prepared files', 'prepare:pose')];
counts.push(...(await Promise.all([check('Types', 'check:types'), check('Style', 'check:style')])));
counts.push(await unitTests());
if (!quick) {
  counts.push(await check('Build', 'build'));
  counts.push(...(await Promise.all([browserTests(), pythonTests()])));
}
rmSync(reports, { recursive: true, force: true });

const { passed, failed, flaky } = total(counts);
for (const name of failed) console.log(`\nFailed: ${name}`);
if (flaky.length > 0) {
  console.log(`\n${flaky.length} flaky, passed at the second try: ${flaky.join('; ')}`);
}
console.log(`\n${passed} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
