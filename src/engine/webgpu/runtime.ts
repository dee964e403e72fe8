import type * as Ort from 'onnxruntime-web/webgpu';
import { DeviceStalledError } from '../errors.ts';
import { within } from '../until.ts';

export type Runtime = typeof Ort;

/**
 * Seconds that nothing on a device takes. Long, since a driver compiles dozens of shaders in a first run, and one that
 * plays a graphics device on the processor does so slowly.
 */
export const patience = { seconds: 240 };

/** Addresses of ONNX Runtime's wasm file and of the script that starts it. */
export interface RuntimeFiles {
  readonly wasm: string;
  readonly mjs: string;
}

/** Those of its two builds. Without them it looks beside itself. */
export interface RuntimeBuilds {
  readonly jspi: RuntimeFiles;
  readonly asyncify: RuntimeFiles;
}

let runtime: Promise<Runtime> | undefined;

/**
 * ONNX Runtime with WebGPU. Where the browser can suspend wasm, the build that uses it loads in half the time and
 * streams weights tensor by tensor. The kernels run on the device, so threads would only cost memory.
 */
export function startRuntime(builds?: RuntimeBuilds): Promise<Runtime> {
  runtime ??= (async () => {
    const build = 'Suspending' in WebAssembly ? 'jspi' : 'asyncify';
    const ort: Runtime =
      build === 'jspi' ? await import('onnxruntime-web/jspi') : await import('onnxruntime-web/webgpu');
    ort.env.wasm.numThreads = 1;
    if (builds !== undefined) ort.env.wasm.wasmPaths = builds[build];
    return ort;
  })();
  return runtime;
}

let last: Promise<unknown> = Promise.resolve();
let stalled: DeviceStalledError | undefined;

/**
 * Work on ONNX Runtime, one piece after another: its WebGPU sessions hang when two of them run at a time, and creating
 * one beside another poisons the runtime for good. A piece that does not end within its seconds never will, and what waits
 * behind it would wait for ever: from then on all fails, and only a new worker helps.
 */
export function exclusively<T>(doing: string, work: () => Promise<T>): Promise<T> {
  const { seconds } = patience;
  const result = last.then(() => {
    if (stalled) throw stalled;
    return within(work(), seconds, () => {
      stalled = new DeviceStalledError(doing, seconds);
      return stalled;
    });
  });
  last = result.catch(() => undefined);
  return result;
}
