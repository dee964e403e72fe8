/**
 * `npm test`: types, style, unit tests, then a real browser. Ends with one line, `N passed, N failed`.
 * `npm test -- --quick` leaves the browser out, for the minutes between two edits.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.ts';

const quick = process.argv.includes('--quick');
const reports = mkdtempSync(join(tmpdir(), 'pirouette-test-'));
let passed = 0;
let failed = 0;

function run(command: string, args: string[], env: Record<string, string> = {}): SpawnSyncReturns<Buffer> {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
}

/** A step without a count of its own is one test. */
function check(title: string, script: string): void {
  console.log(`\n== ${title}`);
  if (run('npm', ['run', '--silent', script]).status === 0) passed++;
  else failed++;
}

function countVitest(): void {
  console.log('\n== Unit tests');
  const report = join(reports, 'unit.json');
  const { status } = run('npx', [
    'vitest',
    'run',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile=${report}`,
  ]);
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
  passed += numPassedTests;
  // A suite that fails to load has no failed test of its own.
  failed += Math.max(numFailedTests, status === 0 ? 0 : 1);
}

function countPlaywright(): void {
  console.log('\n== Browser tests');
  try {
    findChromium();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    failed++;
    return;
  }
  const report = join(reports, 'browser.json');
  // What fails is tried once more, and listed as flaky if it passes then: a verdict should not hang on a busy machine.
  const { status } = run('npx', ['playwright', 'test', '--retries=1', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
  });
  const { stats } = JSON.parse(readFileSync(report, 'utf8'));
  passed += stats.expected + stats.flaky;
  failed += Math.max(stats.unexpected, status === 0 ? 0 : 1);
}

check('Prepared files', 'prepare:pose');
check('Types', 'check:types');
check('Style', 'check:style');
countVitest();
if (!quick) {
  check('Build', 'build');
  countPlaywright();
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
