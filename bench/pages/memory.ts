import { WebGpuBackend } from '../../src/engine/webgpu/backend.ts';
import { openPack } from '../../src/pack/open.ts';

declare global {
  interface Window {
    /** The wasm memories of the page; the bench's first script collects them as they are made. */
    readonly wasmMemories: readonly WebAssembly.Memory[];
    loadPack(url: string): Promise<string>;
  }
}

/** Loads a pack onto the device and returns the device's name. */
window.loadPack = async (url) => {
  const backend = await WebGpuBackend.open({ precision: 'f16' });
  await backend.build(await openPack({ kind: 'url', url }), { width: 256, height: 256 });
  return `${backend.device}, ${backend.precision}`;
};
