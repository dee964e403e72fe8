import type { PoseLandmarker, PoseLandmarkerOptions } from '@mediapipe/tasks-vision';

declare global {
  /** Where MediaPipe's loader leaves its start function, and where its tasks look for it. */
  var ModuleFactory: unknown;
}

let lastStart: Promise<unknown> = Promise.resolve();

/**
 * Starts one more MediaPipe task in this worker. MediaPipe imports its loader for each task and uses up the start
 * function that the loader leaves behind; but a module runs once, so a second task would find none. So the loader is
 * imported here, and its function put in place for every task, one after the other.
 */
export function startTask(
  task: typeof PoseLandmarker,
  runtime: { readonly loader: string; readonly binary: string },
  options: PoseLandmarkerOptions,
): Promise<PoseLandmarker> {
  const start = async () => {
    globalThis.ModuleFactory = (await import(/* @vite-ignore */ runtime.loader)).default;
    return task.createFromOptions({ wasmLoaderPath: '', wasmBinaryPath: runtime.binary }, options);
  };
  const started = lastStart.then(start, start);
  lastStart = started;
  return started;
}
