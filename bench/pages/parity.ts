import type { BackendKind } from '../../src/engine/api.ts';
import type { Backend, Networks } from '../../src/engine/backend.ts';
import { createBackend } from '../../src/engine/backends.ts';
import type { Pack } from '../../src/pack/manifest.ts';
import { openPack } from '../../src/pack/open.ts';
import { causalMaskError } from './causal-mask.ts';
import {
  autoencoderErrors,
  batchError,
  type Errors,
  prepare,
  Truth,
  truthSize,
  unchecked,
  unetErrors,
  worst,
} from './parity-checks.ts';

export interface FixtureCheck {
  /** Below this address lie the pack and io.safetensors. */
  readonly url: string;
  readonly backend: BackendKind;
  readonly precision: 'f16' | 'f32';
}

export interface FixtureErrors {
  readonly device: string;
  readonly errors: Errors;
  /** Only where there is a U-Net to check, and only in f32. */
  readonly causalMaskError: number | null;
  readonly batchError: number | null;
  /** What the truth holds and nothing looked at. */
  readonly unchecked: readonly string[];
}

const backends = new Map<string, Backend>();
let before: Networks | undefined;

/**
 * One device for all fixtures, so that shaders are compiled once; a device without f16 computes in f32 either way, so it
 * serves both precisions.
 */
async function backendFor(kind: BackendKind, precision: 'f16' | 'f32'): Promise<Backend> {
  const known = backends.get(`${kind} ${precision}`);
  if (known !== undefined) return known;
  let backend = await createBackend(kind, { precision, threads: 0 });
  const same = backends.get(`${kind} ${backend.precision}`);
  if (same !== undefined) {
    backend.dispose();
    backend = same;
  }
  backends.set(`${kind} ${precision}`, backend);
  backends.set(`${kind} ${backend.precision}`, backend);
  return backend;
}

async function checkFixture({ url, backend: kind, precision }: FixtureCheck): Promise<FixtureErrors> {
  const pack = await openPack({ kind: 'url', url });
  const truth = new Truth(new Uint8Array(await (await fetch(`${url}io.safetensors`)).arrayBuffer()));
  const backend = await backendFor(kind, precision);
  const networks = await backend.build(pack, truthSize(truth));
  // Only now: ONNX Runtime forgets its compiled shaders with its last session.
  before?.dispose();
  before = networks;
  const found: Found[] = [];
  for (let i = 0; i < truth.batch; i++) {
    found.push(await checkMember(pack, networks, truth.member(i), precision));
  }
  const errors = found.reduce((all, one) => worseOf(all, one.errors), {} as Errors);
  const masks = found.flatMap(({ causalMask }) => causalMask ?? []);
  const batches = found.flatMap(({ batch }) => batch ?? []);
  return {
    device: `${backend.device}, ${backend.precision}`,
    errors,
    causalMaskError: masks.length > 0 ? worst(masks) : null,
    batchError: batches.length > 0 ? worst(batches) : null,
    unchecked: unchecked(truth, errors),
  };
}

interface Found {
  readonly errors: Errors;
  readonly causalMask?: number;
  readonly batch?: number;
}

async function checkMember(
  pack: Pack,
  networks: Networks,
  truth: Truth,
  precision: 'f16' | 'f32',
): Promise<Found> {
  if (truth.has('decoded')) return { errors: await autoencoderErrors(networks, pack.manifest, truth) };
  const prepared = await prepare(networks, truth);
  try {
    const errors = await unetErrors(networks, pack.manifest, prepared, tellProgress);
    if (precision !== 'f32') return { errors };
    const batch = await batchError(networks, prepared);
    return { errors, batch, causalMask: await causalMaskError(pack, networks, prepared) };
  } finally {
    prepared.memory.dispose();
  }
}

function worseOf(a: Errors, b: Errors): Errors {
  return Object.fromEntries(Object.entries(b).map(([name, error]) => [name, worst([error, a[name] ?? 0])]));
}

let toldAt = performance.now();

/** Now and then: a software rasteriser takes minutes. */
function tellProgress(check: string): void {
  if (performance.now() - toldAt < 15_000) return;
  toldAt = performance.now();
  console.info(`  at ${check}`);
}

Object.assign(window, { checkFixture });
