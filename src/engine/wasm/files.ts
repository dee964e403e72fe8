import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { RuntimeFiles } from './runtime.ts';

/** ONNX Runtime's files as the build names them. */
export const RUNTIME_FILES: RuntimeFiles = {
  mjs: new URL(mjs, import.meta.url).href,
  wasm: new URL(wasm, import.meta.url).href,
};
