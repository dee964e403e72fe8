import { create } from 'zustand';
import { createEngine } from '../client/engine.ts';
import type { EngineApi, EngineInfo, LoadOptions } from '../engine/api.ts';
import type { PackProgress } from '../pack/manifest.ts';
import type { Settings } from '../studio/settings.ts';

export interface Device {
  /** Of the loaded engine. */
  readonly info: EngineInfo | null;
  /** Of the pack on its way. */
  readonly progress: PackProgress | null;
  /** What the engine did on its own: a rebuilt device, a fall back to f32. */
  readonly notices: readonly string[];
  /** What this browser offers; null until asked. */
  readonly hasWebGpu: boolean | null;
  readonly graphicsAreSoftware: boolean;
  readonly isIsolated: boolean;
  readonly cores: number;
}

export const useDevice = create<Device>(() => ({
  info: null,
  progress: null,
  notices: [],
  hasWebGpu: null,
  graphicsAreSoftware: false,
  isIsolated: globalThis.crossOriginIsolated,
  cores: navigator.hardwareConcurrency,
}));

/** A model was loaded: what the engine did with the one before is over. */
export function noteLoaded(info: EngineInfo): void {
  const isNews = info !== useDevice.getState().info;
  useDevice.setState({ info, progress: null, ...(isNews && { notices: [] }) });
}

let engine: EngineApi | null = null;

/** The page's one engine; its worker starts with the first load, and again after it has died. */
export function currentEngine(): EngineApi {
  if (engine) return engine;
  engine = createEngine();
  engine.onNotice((notice) => useDevice.setState(({ notices }) => ({ notices: [...notices, notice] })));
  return engine;
}

interface Graphics {
  readonly present: boolean;
  /** A processor that plays a graphics processor: many times slower than the processor's own code. */
  readonly software: boolean;
}

let looked: Promise<Graphics> | null = null;

export function lookAtDevice(): Promise<Graphics> {
  looked ??= (async () => {
    const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
    const software = adapter?.info.isFallbackAdapter === true || adapter?.info.architecture === 'swiftshader';
    useDevice.setState({ hasWebGpu: adapter != null, graphicsAreSoftware: software });
    return { present: adapter != null, software };
  })();
  return looked;
}

/** How to load a model here: what the person chose, or else what this device does best. */
export async function loadOptions({
  backend,
  precision,
  threads,
}: Pick<Settings, 'backend' | 'precision' | 'threads'>): Promise<LoadOptions> {
  const { software } = await lookAtDevice();
  return { backend: backend === 'auto' && software ? 'wasm' : backend, precision, threads };
}
