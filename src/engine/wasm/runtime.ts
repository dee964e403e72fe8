import * as ort from 'onnxruntime-web/wasm';
import { NetworkError } from '../errors.ts';
import type { HostValues } from '../operations.ts';
import { runtimeError } from '../runtime-error.ts';

export type NamedValues = Readonly<Record<string, HostValues>>;

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

/** One compiled graph, for any sizes. */
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
    externalData: { readonly path: string; readonly data: Uint8Array | Blob }[] = [],
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
      throw runtimeError(error, `reading ${name}`);
    }
  }

  /** Takes what it needs from `values`, by name. */
  async run(values: NamedValues): Promise<NamedValues> {
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
      throw runtimeError(error, `running ${this.#name}`);
    }
  }

  dispose(): void {
    // Rejects only for a session that is gone already.
    this.#session.release().catch(() => undefined);
  }
}
