import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { worstScheduleError } from '../src/scd/replay.ts';
import type { Bench } from './run.ts';

/** Our DDIM schedule against runs of diffusers' scheduler: `--fixture FILE` for others of the same layout. */
export const run: Bench = async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: { fixture: { type: 'string', default: 'fixtures/ddim.json' } },
  });
  const truth = JSON.parse(readFileSync(values.fixture, 'utf8'));
  const maxError = worstScheduleError(truth);
  return {
    name: 'ddim',
    device: `${cpus()[0]?.model ?? arch()}, Node ${process.version}`,
    figures: { maxError, runs: truth.cases.length },
    pass: maxError <= 1e-5,
  };
};
