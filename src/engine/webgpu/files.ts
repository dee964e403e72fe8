import asyncifyMjs from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiMjs from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import jspiWasm from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import type { RuntimeFiles } from './runtime.ts';

const at = (mjs: string, wasm: string): RuntimeFiles => ({
  mjs: new URL(mjs, import.meta.url).href,
  wasm: new URL(wasm, import.meta.url).href,
});

/** ONNX Runtime's files as the build names them, for either of its builds. */
export const RUNTIME_FILES = {
  jspi: at(jspiMjs, jspiWasm),
  asyncify: at(asyncifyMjs, asyncifyWasm),
};
