import { NetworkError, OutOfMemoryError } from './errors.ts';

/** What ONNX Runtime has thrown, as an error of ours. */
export function runtimeError(error: unknown, doing: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  const noMemory =
    // A C++ exception that the runtime does not catch arrives as a bare number: in practice a failed allocation.
    typeof error === 'number' ||
    error instanceof RangeError ||
    /bad_alloc|out of memory|allocation failed|failed to allocate|cannot enlarge memory|shape is too large/i.test(
      message,
    );
  return noMemory ? new OutOfMemoryError(doing, { cause: error }) : new NetworkError(doing, { cause: error });
}
