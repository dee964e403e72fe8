import { create } from 'zustand';
import { createEngine } from '../client/engine.ts';
import type { EngineApi, EngineInfo } from '../engine/api.ts';
import type { PackProgress } from '../pack/manifest.ts';

export interface Device {
  /** Of the loaded engine. */
  readonly info: EngineInfo | null;
  /** Of the pack on its way. */
  readonly progress: PackProgress | null;
  /** What the engine did on its own: a rebuilt device, a fall back to f32. */
  readonly notices: readonly string[];
  /** What this browser offers; null until asked. */
  readonly hasWebGpu: boolean | null;
  readonly isIsolated: boolean;
  readonly cores: number;
}

export const useDevice = create<Device>(() => ({
  info: null,
  progress: null,
  notices: [],
  hasWebGpu: null,
  isIsolated: globalThis.crossOriginIsolated,
  cores: navigator.hardwareConcurrency,
}));

let engine: EngineApi | null = null;

/** The page's one engine; its worker starts with the first load, and again after it has died. */
export function currentEngine(): EngineApi {
  if (engine) return engine;
  engine = createEngine();
  engine.onNotice((notice) => useDevice.setState(({ notices }) => ({ notices: [...notices, notice] })));
  return engine;
}

export async function lookAtDevice(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  useDevice.setState({ hasWebGpu: adapter != null });
}
