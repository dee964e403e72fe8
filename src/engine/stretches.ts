import type { Part } from './device.ts';
import type { Move, Step } from './executor.ts';

/** Steps that a frame of a clip goes through by itself, and where all frames meet behind them. */
export interface Stretch {
  readonly steps: readonly Exclude<Step, { kind: 'move' }>[];
  readonly move?: Move;
  /** Values from before the stretch that its graphs take. */
  readonly loads: readonly string[];
  /** Values of the stretch that are asked for behind it. */
  readonly saves: readonly string[];
  /** Values that nobody asks for after it. */
  readonly last: readonly string[];
}

/** Cuts a program where its frames meet, and says what of a frame must be kept from one stretch to the next. */
export function stretchesOf(steps: readonly Step[], parts: readonly Part[]): Stretch[] {
  const cut: { steps: Exclude<Step, { kind: 'move' }>[]; move?: Move }[] = [{ steps: [] }];
  for (const step of steps) {
    const stretch = cut.at(-1) as (typeof cut)[number];
    if (step.kind !== 'move') stretch.steps.push(step);
    else {
      stretch.move = step;
      cut.push({ steps: [] });
    }
  }
  let graph = 0;
  const flows = cut.map(({ steps: own, move }) => {
    const [made, loads] = [new Set<string>(), new Set<string>()];
    for (const step of own) {
      if (step.kind === 'graph') {
        const part = parts[graph++] as Part;
        for (const name of part.inputs.keys()) if (!made.has(name)) loads.add(name);
        for (const name of part.outputs) made.add(name);
      } else made.add(step.kind === 'attend' ? `attention.${step.cut}` : step.result);
    }
    const met = move ? [...Object.values(move.takes), ...Object.values(move.measures)] : [];
    return { made, loads, met };
  });
  const askedLast = new Map<string, number>();
  for (const [i, { loads, met }] of flows.entries())
    for (const name of [...loads, ...met]) askedLast.set(name, i);
  return cut.map((stretch, i) => {
    const { made, loads, met } = flows[i] as (typeof flows)[number];
    const behind = (name: string) => (askedLast.get(name) ?? -1) > i || met.includes(name);
    const ended = new Set([...loads, ...made].filter((name) => askedLast.get(name) === i));
    return { ...stretch, loads: [...loads], saves: [...made].filter(behind), last: [...ended] };
  });
}
