/** What the test runners' reports come to: how many passed, and the names of those that did not. */
export interface Count {
  readonly passed: number;
  readonly failed: readonly string[];
  /** Passed, but only at the second try; also counted as passed. */
  readonly flaky: readonly string[];
}

/** Tests that failed, and whatever else made the runner end badly: a file that does not load has no failed test. */
function counted(
  runner: string,
  status: number | null,
  passed: number,
  failed: readonly string[],
  flaky: readonly string[] = [],
): Count {
  const endedBadly = status !== 0 && failed.length === 0;
  return { passed, failed: endedBadly ? [`${runner} ended with ${status}`] : failed, flaky };
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export function countVitest(report: unknown, status: number | null): Count {
  const { testResults } = (report ?? { testResults: [] }) as VitestReport;
  const tests = testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, name: `${fileOf(file.name)}: ${test.fullName}` })),
  );
  const failed = tests.filter((test) => test.status === 'failed').map(({ name }) => name);
  const unloaded = testResults
    .filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
    )
    .map(({ name }) => fileOf(name));
  const passed = tests.filter((test) => test.status === 'passed').length;
  return counted('vitest', status, passed, [...failed, ...unloaded]);
}

const fileOf = (path: string): string => path.replace(/^.*?\/(?=(src|cli|tools)\/)/, '');

interface Suite {
  readonly title: string;
  readonly suites?: readonly Suite[];
  readonly specs?: readonly {
    readonly title: string;
    readonly tests: readonly { readonly status: string }[];
  }[];
}

interface PlaywrightReport {
  readonly suites: readonly Suite[];
  readonly errors?: readonly { readonly message?: string }[];
}

export function countPlaywright(report: unknown, status: number | null): Count {
  const { suites, errors = [] } = (report ?? { suites: [] }) as PlaywrightReport;
  const tests = suites.flatMap((suite) => testsOf(suite, ''));
  const named = (kind: string) => tests.filter((test) => test.status === kind).map(({ name }) => name);
  const flaky = named('flaky');
  const failed = [
    ...named('unexpected'),
    ...errors.map(({ message }) => `e2e: ${message?.split('\n')[0] ?? 'an error without words'}`),
  ];
  return counted('playwright', status, named('expected').length + flaky.length, failed, flaky);
}

function testsOf(suite: Suite, above: string): { name: string; status: string }[] {
  const place = above ? `${above} › ${suite.title}` : suite.title;
  return [
    ...(suite.specs ?? []).flatMap(({ title, tests }) =>
      tests.map(({ status }) => ({ name: `${place} › ${title}`, status })),
    ),
    ...(suite.suites ?? []).flatMap((inner) => testsOf(inner, place)),
  ];
}

/** From `unittest -v`: one line a test, `name (place) ... ok`; what a test prints may come in between. */
export function countPython(output: string, status: number | null): Count {
  const failed = [...output.matchAll(/^(?:FAIL|ERROR): (.+)$/gm)].map(([, name]) => `training: ${name}`);
  const ran = Number(/^Ran (\d+) tests?/m.exec(output)?.[1] ?? 0);
  const skipped = Number(/skipped=(\d+)/.exec(output)?.[1] ?? 0);
  return counted('unittest', status, Math.max(0, ran - skipped - failed.length), failed);
}

export function total(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.flatMap(({ failed }) => failed),
    flaky: counts.flatMap(({ flaky }) => flaky),
  };
}
