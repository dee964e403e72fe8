import type {
  EngineApi,
  EngineInfo,
  LoadOptions,
  Reference,
  RenderedFrame,
  RenderOptions,
} from '../engine/api.ts';
import type { PackProgress, PackSource } from '../pack/manifest.ts';
import type { Pose } from '../pose/types.ts';

/** Everything that decides what the frames look like. */
export interface RenderJob {
  readonly pack: PackSource;
  readonly load: LoadOptions;
  readonly references: readonly Reference[];
  readonly poses: readonly Pose[];
  readonly options: RenderOptions;
}

export interface RenderEvents {
  onPackProgress?(progress: PackProgress): void;
  onReady?(info: EngineInfo): void;
  /** The next frame starts when this has resolved. The image is the receiver's to close. */
  onFrame(frame: RenderedFrame): Promise<void> | void;
}

/** What an engine has been given already, or is being given, so that nobody gives it again. */
interface Given {
  readonly source: PackSource;
  readonly load: string;
  readonly listeners: Set<(progress: PackProgress) => void>;
  readonly loading: Promise<EngineInfo>;
  references: readonly Reference[] | null;
}

const given = new WeakMap<EngineApi, Given>();

/**
 * Loads the pack, unless it is the one that is loaded or on its way. The size is what a fresh load is made ready for;
 * another one is no reason to load again.
 */
export async function ensureLoaded(
  engine: EngineApi,
  source: PackSource,
  load: LoadOptions,
  onProgress?: (progress: PackProgress) => void,
  size?: LoadOptions['size'],
): Promise<EngineInfo> {
  const options = JSON.stringify(load);
  const before = given.get(engine);
  if (before && before.load === options && samePack(before.source, source)) {
    if (onProgress) before.listeners.add(onProgress);
    return before.loading.finally(() => before.listeners.clear());
  }
  const listeners = new Set(onProgress && [onProgress]);
  const loading = engine.load(source, size ? { ...load, size } : load, (progress) => {
    for (const listener of listeners) listener(progress);
  });
  const now = { source, load: options, listeners, loading, references: null };
  given.set(engine, now);
  try {
    return await loading;
  } catch (error) {
    // A load that failed is tried again by the next job.
    if (given.get(engine) === now) given.delete(engine);
    throw error;
  }
}

/** Sets the references of a loaded engine, unless it has these already. */
export async function giveReferences(engine: EngineApi, references: readonly Reference[]): Promise<void> {
  const now = given.get(engine);
  if (now === undefined || now.references === references) return;
  now.references = null;
  await engine.setReferences(references);
  now.references = references;
}

/** Runs a job from load to last frame; resolves with the number of finished frames. */
export async function render(engine: EngineApi, job: RenderJob, events: RenderEvents): Promise<number> {
  const info = await ensureLoaded(engine, job.pack, job.load, events.onPackProgress);
  events.onReady?.(info);
  await giveReferences(engine, job.references);
  return engine.animate(job.poses, job.options, (frame) => events.onFrame(frame));
}

function samePack(a: PackSource, b: PackSource): boolean {
  if (a.kind === 'url' && b.kind === 'url') return a.url === b.url;
  if (a.kind === 'zip' && b.kind === 'zip') return a.file === b.file;
  if (a.kind === 'imported' && b.kind === 'imported') return a.id === b.id;
  return a.kind === 'files' && b.kind === 'files' && a.files === b.files;
}
