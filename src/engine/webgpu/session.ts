import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web/webgpu';
import { type Dimension, decodeModel, ElementType } from '../../onnx/model.ts';
import { DeviceLimitError, NetworkError, OutOfMemoryError, WrongShapeError } from '../errors.ts';
import { exclusively, type Runtime } from './runtime.ts';
import type { Place } from './tensors.ts';

export interface SessionSource {
  /** For messages. */
  readonly name: string;
  readonly graph: Uint8Array<ArrayBuffer>;
  /** The file that the graph's external data names, and its bytes; a Blob is read tensor by tensor. */
  readonly weights: { readonly path: string; readonly data: Uint8Array | Blob };
  /** The numbers behind the graph's symbolic dimensions. */
  readonly dimensions: (name: string) => number;
}

interface Port {
  readonly shape: readonly number[];
  readonly type: 'float16' | 'float32';
}

/**
 * One graph, compiled for fixed shapes and captured: after its first run a run replays the recorded commands. So inputs
 * must stay in the buffers of the first run, and outputs come back in those of the first run.
 */
export class GpuSession {
  readonly inputs: ReadonlyMap<string, Port>;
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #session: InferenceSession;
  readonly #outputs: ReadonlyMap<string, Port>;
  #feeds: Record<string, OrtTensor> | undefined;
  #places: ReadonlyMap<string, Place> | undefined;

  private constructor(
    runtime: Runtime,
    name: string,
    session: InferenceSession,
    inputs: ReadonlyMap<string, Port>,
    outputs: ReadonlyMap<string, Port>,
  ) {
    this.#runtime = runtime;
    this.#name = name;
    this.#session = session;
    this.inputs = inputs;
    this.#outputs = outputs;
  }

  /** Run it `exclusively`. */
  static async create(runtime: Runtime, gpu: GPUDevice, source: SessionSource): Promise<GpuSession> {
    const { name, graph, weights, dimensions } = source;
    const { inputs, outputs, initializers } = decodeModel(graph, name);
    for (const { data } of initializers) {
      expectBindable(gpu, data.length);
    }
    const symbols = inputs.flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string'));
    const ports = (infos: typeof inputs): Map<string, Port> =>
      new Map(
        infos.map((info) => {
          const shape = info.shape.map((dim: Dimension) => (typeof dim === 'string' ? dimensions(dim) : dim));
          const half = info.type === ElementType.float16;
          expectBindable(gpu, bytesOf(shape, half ? 'float16' : 'float32'));
          return [info.name, { shape, type: half ? 'float16' : 'float32' }];
        }),
      );
    try {
      const session = await runtime.InferenceSession.create(graph, {
        // As an option object: the plain string would ignore graph capture, and `env.webgpu.device` is not read.
        executionProviders: [
          {
            name: 'webgpu',
            device: gpu,
            validationMode: 'wgpuOnly',
          } as InferenceSession.ExecutionProviderConfig,
        ],
        enableGraphCapture: true,
        preferredOutputLocation: 'gpu-buffer',
        freeDimensionOverrides: Object.fromEntries(symbols.map((symbol) => [symbol, dimensions(symbol)])),
        externalData: [weights],
        logSeverityLevel: 3,
      });
      return new GpuSession(runtime, name, session, ports(inputs), ports(outputs));
    } catch (error) {
      throw namedError(error, `compiling ${name}`);
    }
  }

  /** Sets where the inputs lie, for all runs. */
  bind(places: ReadonlyMap<string, Place>): void {
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, { shape, type }] of this.inputs) {
      const place = places.get(name);
      if (place === undefined) throw new NetworkError(`running ${this.#name}, which lacks its input ${name}`);
      if (place.shape.join() !== shape.join())
        throw new WrongShapeError(`The input ${name}`, shape, place.shape);
      feeds[name] = this.#runtime.Tensor.fromGpuBuffer(place.buffer, { dataType: type, dims: shape });
    }
    this.#feeds = feeds;
  }

  get isBound(): boolean {
    return this.#feeds !== undefined;
  }

  /** Submits the graph's work and says where its outputs will lie. Run it `exclusively`. */
  async run(): Promise<ReadonlyMap<string, Place>> {
    if (this.#feeds === undefined) throw new Error(`${this.#name} runs before its inputs are bound.`);
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await this.#session.run(this.#feeds);
    } catch (error) {
      throw namedError(error, `running ${this.#name}`);
    }
    this.#places ??= new Map(
      Object.entries(results).map(([name, tensor]) => [
        name,
        {
          buffer: (tensor as OrtTensor).gpuBuffer as GPUBuffer,
          shape: (this.#outputs.get(name) as Port).shape,
        },
      ]),
    );
    for (const [name, tensor] of Object.entries(results)) {
      if (this.#places.get(name)?.buffer !== (tensor as OrtTensor).gpuBuffer) {
        throw new NetworkError(`running ${this.#name}, whose output ${name} moved`);
      }
      // Drops this run's handle; the buffer is the captured graph's and stays.
      (tensor as OrtTensor).dispose();
    }
    return this.#places;
  }

  dispose(): void {
    // Rejects only for a session that is gone already.
    exclusively(() => this.#session.release()).catch(() => undefined);
  }
}

export function bytesOf(shape: readonly number[], type: 'float16' | 'float32'): number {
  return shape.reduce((product, dim) => product * dim, type === 'float16' ? 2 : 4);
}

function expectBindable(gpu: GPUDevice, bytes: number): void {
  const { maxStorageBufferBindingSize: most } = gpu.limits;
  if (bytes > most) throw new DeviceLimitError('a tensor (in bytes)', bytes, most);
}

function namedError(error: unknown, doing: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  // A C++ exception that the runtime does not catch arrives as a bare number: in practice a failed allocation.
  const noMemory =
    typeof error === 'number' ||
    error instanceof RangeError ||
    /bad_alloc|out of memory|allocation failed|Cannot enlarge memory/i.test(message);
  return noMemory ? new OutOfMemoryError(doing, { cause: error }) : new NetworkError(doing, { cause: error });
}
