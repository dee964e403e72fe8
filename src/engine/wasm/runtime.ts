import * as ort from 'onnxruntime-web/wasm';
import { NetworkError, OutOfMemoryError } from '../errors.ts';

/** Values on their way through the networks; they live in JavaScript's memory. */
export interface HostTensor {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

export type NamedTensors = Readonly<Record<string, HostTensor>>;

export interface RuntimeFiles {
  /** Addresses of ONNX Runtime's wasm file and of the script that starts it and its threads. */
  readonly wasm: string;
  readonly mjs: string;
}

let threads: number | undefined;

/**
 * Readies ONNX Runtime and returns the number of threads it runs on. Only the first call decides it: the runtime
 * starts once in a worker.
 */
export function startRuntime(wanted: number, files?: RuntimeFiles): number {
  if (threads === undefined) {
    threads = globalThis.crossOriginIsolated ? wanted || Math.min(navigator.hardwareConcurrency, 8) : 1;
    ort.env.wasm.numThreads = threads;
    if (files !== undefined) ort.env.wasm.wasmPaths = files;
  }
  return threads;
}

/** One compiled graph. */
export class Session {
  readonly #session: ort.InferenceSession;
  readonly #name: string;

  private constructor(session: ort.InferenceSession, name: string) {
    this.#session = session;
    this.#name = name;
  }

  static async create(
    name: string,
    graph: Uint8Array,
    externalData: { readonly path: string; readonly data: Uint8Array }[] = [],
  ): Promise<Session> {
    try {
      const session = await ort.InferenceSession.create(graph, {
        executionProviders: ['wasm'],
        externalData,
        logSeverityLevel: 3,
        // Packing the weights ahead would hold them twice.
        extra: { session: { disable_prepacking: '1' } },
      });
      return new Session(session, name);
    } catch (error) {
      throw namedError(error, `reading ${name}`);
    }
  }

  /** Takes what it needs from `values`, by name. */
  async run(values: NamedTensors): Promise<NamedTensors> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const name of this.#session.inputNames) {
      const value = values[name];
      if (value === undefined) throw new NetworkError(`running ${this.#name}, which lacks its input ${name}`);
      feeds[name] = new ort.Tensor('float32', value.data, value.shape);
    }
    try {
      const results = await this.#session.run(feeds);
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [
          name,
          { data: tensor.data as Float32Array<ArrayBuffer>, shape: tensor.dims },
        ]),
      );
    } catch (error) {
      throw namedError(error, `running ${this.#name}`);
    }
  }

  dispose(): void {
    // Rejects only for a session that is gone already.
    this.#session.release().catch(() => undefined);
  }
}

/** A C++ exception that the runtime does not catch arrives as a bare number: in practice a failed allocation. */
function namedError(error: unknown, doing: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  const noMemory =
    typeof error === 'number' ||
    error instanceof RangeError ||
    /bad_alloc|out of memory|allocation failed|failed to allocate|cannot enlarge memory|shape is too large/i.test(
      message,
    );
  return noMemory ? new OutOfMemoryError(doing, { cause: error }) : new NetworkError(doing, { cause: error });
}
