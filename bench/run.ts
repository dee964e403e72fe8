/**
 * One entry for every measurement: `npm run bench -- NAME [--json] [options]`.
 * A bench is a module `bench/NAME.bench.ts` that exports `run`; the exit code follows its `pass`.
 */
import { readdirSync } from 'node:fs';
import { sentenceOf } from '../tools/sentence-of.ts';

export interface BenchResult {
  readonly name: string;
  /** What it was measured on, in words. */
  readonly device: string;
  readonly figures: Readonly<Record<string, number | string | boolean | null>>;
  readonly pass: boolean;
}

export type Bench = (args: readonly string[]) => Promise<BenchResult>;

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length));

if (name === undefined || !names.includes(name)) {
  console.error(`Usage: npm run bench -- NAME [--json]\nNAME is one of: ${names.join(', ')}`);
  process.exit(2);
}

const asJson = args.includes('--json');
const { run }: { run: Bench } = await import(`./${name}.bench.ts`);
const result = await run(args.filter((arg) => arg !== '--json')).catch((fault: unknown) =>
  failed(name, fault),
);
if (asJson) {
  console.log(JSON.stringify(result));
} else {
  console.log(`${result.name} on ${result.device}: ${result.pass ? 'pass' : 'FAIL'}`);
  console.table(result.figures);
}
process.exit(result.pass ? 0 : 1);

/** A measurement that could not be made. */
function failed(bench: string, fault: unknown): BenchResult {
  const error = sentenceOf(fault);
  console.error(error);
  return { name: bench, device: 'none', figures: { error }, pass: false };
}
