import { describe, expect, test } from 'vitest';
import { countPlaywright, countPython, countVitest, total } from './test-counts.ts';

describe('counting tests', () => {
  test('names what failed, and files that do not load', () => {
    const file = (name: string, status: string, assertionResults: object[]) => ({
      name: `/home/me/pirouette/src/${name}`,
      status,
      assertionResults,
    });
    const report = {
      testResults: [
        file('pose/fit.test.ts', 'failed', [
          { status: 'passed', fullName: 'a fit mirrors' },
          { status: 'failed', fullName: 'a fit stands' },
        ]),
        file('scd/ddim.test.ts', 'failed', []),
        file('scd/noise.test.ts', 'passed', [{ status: 'skipped', fullName: 'noise' }]),
      ],
    };
    expect(countVitest(report, 1)).toEqual({
      passed: 1,
      failed: ['src/pose/fit.test.ts: a fit stands', 'src/scd/ddim.test.ts'],
      flaky: [],
    });
  });

  test('counts a run that crashed, and left no report, as failed', () => {
    expect(countVitest(undefined, 137).failed).toEqual(['vitest ended with 137']);
    expect(countPlaywright(undefined, null).failed).toEqual(['playwright ended with null']);
    expect(countPython('Segmentation fault', 139).failed).toEqual(['unittest ended with 139']);
  });

  test('tells flaky tests apart, and finds tests in suites of suites', () => {
    const spec = (title: string, status: string) => ({ title, tests: [{ status }] });
    const report = {
      suites: [
        {
          title: 'engine.spec.ts',
          specs: [spec('starts', 'expected'), spec('stops', 'flaky')],
          suites: [{ title: 'in a worker', specs: [spec('paints', 'unexpected'), spec('waits', 'skipped')] }],
        },
      ],
      errors: [{ message: 'No tests found\nat all' }],
    };
    expect(countPlaywright(report, 1)).toEqual({
      passed: 2,
      failed: ['engine.spec.ts › in a worker › paints', 'e2e: No tests found'],
      flaky: ['engine.spec.ts › stops'],
    });
  });

  test('reads what Python says', () => {
    const output = `test_a (tests.test_scd.A.test_a) ... ok
FAIL: test_b (tests.test_scd.A.test_b)
ERROR: tests.test_people (unittest.loader._FailedTest)
Ran 9 tests in 3.2s

FAILED (failures=1, errors=1, skipped=2)`;
    const count = countPython(output, 1);
    expect(count.passed).toBe(5);
    expect(count.failed).toHaveLength(2);
    expect(countPython('Ran 1 test in 0.1s\n\nOK', 0)).toEqual({ passed: 1, failed: [], flaky: [] });
  });

  test('adds up', () => {
    const one = { passed: 2, failed: ['a'], flaky: [] };
    expect(total([one, { passed: 1, failed: [], flaky: ['b'] }])).toEqual({
      passed: 3,
      failed: ['a'],
      flaky: ['b'],
    });
  });
});
