import type { Storage } from '../onnx/part.ts';
import type { SegmentPlan } from '../onnx/trace.ts';
import { NetworksMismatchError, PackFormatError } from './errors.ts';
import type { PackManifest } from './manifest.ts';
import {
  type NetworkConfigs,
  type NetworkPlans,
  networkEntries,
  type Others,
  type PartEntry,
  type PartFiles,
  type PlanExtras,
  type SegmentFiles,
} from './networks.ts';

/**
 * The graphs of a pack's networks. Throws for a network that is not built here, for networks that do not fit together,
 * and for a schedule that cannot be followed.
 */
export function planNetworks(
  configs: NetworkConfigs,
  extras: Pick<PlanExtras, 'imageTokens'> = {},
): NetworkPlans {
  const planned: Record<string, { config: unknown; plan: unknown }> = {};
  const present = networkEntries().filter(([key]) => configs[key] !== undefined);
  for (const [key, network] of present) {
    const config = configs[key];
    planned[key] = { config, plan: network.plan(config, { ...extras, motion: configs.motion }) };
  }
  for (const [key, { misfit }] of present) {
    const fault = misfit?.(planned[key] as never, planned as unknown as Others);
    if (fault !== undefined) throw new NetworksMismatchError(fault);
  }
  return Object.fromEntries(
    Object.entries(planned).map(([key, { plan }]) => [key, plan]),
  ) as unknown as NetworkPlans;
}

/** One graph of a pack, as the plan has it and as pack.json names its files. */
export interface PlannedPart {
  readonly network: string;
  readonly title: string;
  readonly when: PartEntry<unknown>['when'];
  readonly files: PartFiles;
  readonly plan: SegmentPlan;
  readonly storage: Storage;
}

type Stored = Pick<PackManifest, 'precision' | 'weights'>;

/** The files of all parts as an export names them, by the part's name in pack.json. */
export function namedFiles(plans: NetworkPlans): Record<string, SegmentFiles | SegmentFiles[]> {
  const named: Record<string, SegmentFiles | SegmentFiles[]> = {};
  eachPart(plans, ({ name, entry, segments, plan }) => {
    const place = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const filesOf = (path: string, i: number): SegmentFiles => ({
      graph: `${path}.onnx`,
      weights: `${path}.safetensors`,
      ...entry.about?.(plan, i),
    });
    named[name] = entry.isList
      ? segments.map((_, i) => filesOf(`${place}/${String(i).padStart(2, '0')}`, i))
      : filesOf(place, 0);
  });
  return named;
}

/** All graphs of a pack in the table's order. Throws where pack.json lists others than the configs come to. */
export function plannedParts(plans: NetworkPlans, manifest: Stored & object): PlannedPart[] {
  const misplaced = (title: string) =>
    new PackFormatError(`its ${title}'s parts are not those of the ${title}'s config`);
  const parts: PlannedPart[] = [];
  eachPart(plans, ({ key, name, title, entry, segments, plan, isLarge }) => {
    const listed = [(manifest as Readonly<Record<string, unknown>>)[name] ?? []].flat() as SegmentFiles[];
    if (listed.length !== segments.length) throw misplaced(title);
    listed.forEach((files, i) => {
      const { graph, weights, ...about } = files;
      if (sorted(about) !== sorted(entry.about?.(plan, i) ?? {})) throw misplaced(title);
      parts.push({
        network: key,
        title,
        when: entry.when,
        files: { graph, weights },
        plan: segments[i] as SegmentPlan,
        storage: isLarge && manifest.weights === 'int8' ? 'int8' : manifest.precision,
      });
    });
  });
  return parts;
}

/** JSON in which the order of keys says nothing. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, each) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

const known = new WeakMap<object, readonly PlannedPart[]>();

/** The same of a pack.json, planned once. */
export function partsOf(manifest: PackManifest): readonly PlannedPart[] {
  const parts =
    known.get(manifest) ??
    plannedParts(planNetworks(manifest.configs, { imageTokens: manifest.imageTokens }), manifest);
  known.set(manifest, parts);
  return parts;
}

interface Part {
  readonly key: string;
  readonly title: string;
  readonly name: string;
  readonly isLarge: boolean;
  readonly entry: PartEntry<unknown>;
  readonly plan: unknown;
  readonly segments: readonly SegmentPlan[];
}

function eachPart(plans: NetworkPlans, take: (part: Part) => void): void {
  for (const [key, { title, parts, storage }] of networkEntries()) {
    const plan: unknown = plans[key];
    if (plan === undefined) continue;
    for (const [name, entry] of Object.entries(parts)) {
      const segments = entry.segments(plan);
      take({ key, title, name, isLarge: storage === 'int8', entry, plan, segments });
    }
  }
}
