import type { Pack, PartFiles } from '../../pack/manifest.ts';
import type { NamedTensors, Session } from './runtime.ts';
import { createPart } from './unet.ts';

/**
 * Runs parts, which follow one another, for every one of `passes`: each part read when its turn comes and let go before
 * the next. `between` turns what a part has made into what the next ones may take.
 */
export async function runOnce(
  pack: Pack,
  parts: readonly PartFiles[],
  passes: readonly NamedTensors[],
  between: (part: number, pass: number, made: NamedTensors) => Promise<NamedTensors>,
): Promise<NamedTensors[]> {
  const values = [...passes];
  for (const [part, files] of parts.entries()) {
    const session: Session = await createPart(pack, files);
    try {
      for (const [pass, before] of values.entries()) {
        values[pass] = { ...before, ...(await between(part, pass, await session.run(before))) };
      }
    } finally {
      session.dispose();
    }
  }
  return values;
}
