import type { BackendKind } from './api.ts';
import type { Backend } from './backend.ts';
import type { BackendOptions } from './engine.ts';

/** Loads a backend's code, and ONNX Runtime's build for it, only when it is chosen. */
export async function createBackend(kind: BackendKind, options: BackendOptions): Promise<Backend> {
  if (kind === 'webgpu') {
    const { WebGpuBackend } = await import('./webgpu/backend.ts');
    const { RUNTIME_FILES } = await import('./webgpu/files.ts');
    return WebGpuBackend.open({ precision: options.precision, files: RUNTIME_FILES });
  }
  const { WasmBackend } = await import('./wasm/backend.ts');
  const { RUNTIME_FILES } = await import('./wasm/files.ts');
  return new WasmBackend({ threads: options.threads, files: RUNTIME_FILES });
}
