import { parseArgs } from 'node:util';
import { frechetCases, frechetOf } from '../tools/frechet-fixture.ts';
import { JUDGE_FIXTURES, judgeError } from '../tools/judge-fixtures.ts';
import type { Bench } from './run.ts';

/** Relative errors: the networks' against PyTorch, the distances' against SciPy. */
const MOST = { network: 1e-4, frechet: 1e-6 };

/** Vectors of 2,048 numbers by the thousand take a minute of a free processor. */
const LARGE = 1000;

/**
 * The networks that judge, their preprocessing included, against PyTorch on random weights, and the Fréchet distance
 * against SciPy, in Node on ONNX Runtime's WASM. `--full` adds the distance of thousands of the longest
 * vectors.
 */
export const run: Bench = async (args) => {
  const { values } = parseArgs({ args: [...args], options: { full: { type: 'boolean', default: false } } });
  const errors: Record<string, number> = {};
  for (const name of Object.keys(JUDGE_FIXTURES)) {
    const figure = `${name.split('-')[0]}Error`;
    errors[figure] = Math.max(errors[figure] ?? 0, await judgeError(name));
  }
  const started = performance.now();
  const cases = frechetCases().filter(({ size, counts }) => values.full || size < LARGE || counts[0] < LARGE);
  const frechetError = Math.max(...cases.map((each) => Math.abs(frechetOf(each) / each.exact - 1)));
  const frechetSeconds = Number(((performance.now() - started) / 1000).toFixed(1));
  // What the usual matrix square root is away from the exact distance, in the same cases.
  const rootError = Math.max(
    ...cases.flatMap(({ root, exact }) => (root ? [Math.abs(root / exact - 1)] : [])),
  );
  const isNear = Object.values(errors).every((error) => error <= MOST.network);
  return {
    name: 'measures',
    device: `Node ${process.version}, one thread`,
    figures: { ...errors, frechetError, frechetSeconds, frechetCases: cases.length, rootError },
    pass: isNear && frechetError <= MOST.frechet,
  };
};
