import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-web/webgpu';
import { type Dimension, ElementType, hasInt8, type TensorInfo } from '../../onnx/model.ts';
import type { Part } from '../device.ts';
import { DeviceLimitError, NetworkError, WrongShapeError } from '../errors.ts';
import { type DevicePart, letGo } from '../read-part.ts';
import { runtimeError } from '../runtime-error.ts';
import { exclusively, type Runtime } from './runtime.ts';
import type { GpuPlace } from './tensors.ts';

export interface SessionSource {
  /** For messages. */
  readonly name: string;
  /** Reads the graph and its weights: once, or once more where the graph cannot be captured. */
  read(): Promise<DevicePart>;
  /** The file that the graph's external data names. */
  readonly weightsPath: string;
  /** The numbers behind the graph's symbolic dimensions. */
  readonly dimensions: (name: string) => number;
}

interface Port {
  readonly shape: readonly number[];
  readonly type: 'float16' | 'float32';
}

interface Ports {
  readonly inputs: ReadonlyMap<string, Port>;
  readonly outputs: ReadonlyMap<string, Port>;
}

interface Opened {
  readonly session: InferenceSession;
  readonly isCaptured: boolean;
}

/**
 * One graph, compiled for fixed shapes and captured: after its first run a run replays the recorded commands. So inputs
 * must stay in the buffers of the first run, and outputs come back in those of the first run.
 *
 * Where the graph cannot be captured (an operator without a kernel on the device, a driver's fault in the first runs) it
 * runs command by command, and its outputs are copied to where a captured graph's would stay. So does a graph with
 * weights in 8 bits, by choice: a captured one keeps for good what it computes with, and that would be all of them as
 * floats, beside the 8 bits that were to save memory.
 */
export class GpuSession implements Part {
  readonly inputs: ReadonlyMap<string, readonly number[]>;
  readonly outputs: readonly string[];
  readonly #runtime: Runtime;
  readonly #gpu: GPUDevice;
  readonly #source: SessionSource;
  readonly #ports: Ports;
  #opened: Opened;
  #feeds: Record<string, OrtTensor> | undefined;
  #places: ReadonlyMap<string, GpuPlace> | undefined;

  private constructor(runtime: Runtime, gpu: GPUDevice, source: SessionSource, ports: Ports, opened: Opened) {
    this.#runtime = runtime;
    this.#gpu = gpu;
    this.#source = source;
    this.#ports = ports;
    this.inputs = new Map([...ports.inputs].map(([name, { shape }]) => [name, shape]));
    this.outputs = [...ports.outputs.keys()];
    this.#opened = opened;
  }

  static async create(runtime: Runtime, gpu: GPUDevice, source: SessionSource): Promise<GpuSession> {
    // Before its turn on the runtime comes: a read may take its time, and may never end.
    const part = await source.read();
    const { graph } = part;
    const { inputs, outputs, initializers } = graph;
    for (const { data } of initializers) expectBindable(gpu, data.length);
    const portsOf = (infos: typeof inputs): Map<string, Port> =>
      new Map(infos.map((info) => [info.name, portOf(info, source.dimensions)]));
    const ports = { inputs: portsOf(inputs), outputs: portsOf(outputs) };
    for (const { shape, type } of [...ports.inputs.values(), ...ports.outputs.values()]) {
      expectBindable(gpu, bytesOf(shape, type));
    }
    try {
      const opened = await exclusively(`compiling ${source.name}`, async () =>
        hasInt8(graph)
          ? { session: await compile(runtime, gpu, source, part, false), isCaptured: false }
          : openCaptured(runtime, gpu, source, part),
      );
      return new GpuSession(runtime, gpu, source, ports, opened);
    } finally {
      letGo(part);
    }
  }

  /** Whether runs replay recorded commands. */
  get isCaptured(): boolean {
    return this.#opened.isCaptured;
  }

  /** Sets where the inputs lie, for all runs. */
  bind(places: ReadonlyMap<string, GpuPlace>): void {
    const feeds: Record<string, OrtTensor> = {};
    const { name: graph } = this.#source;
    for (const [name, { shape, type }] of this.#ports.inputs) {
      const place = places.get(name);
      if (place === undefined) throw new NetworkError(`running ${graph}, which lacks its input ${name}`);
      if (place.shape.join() !== shape.join())
        throw new WrongShapeError(`The input ${name}`, shape, place.shape);
      feeds[name] = this.#runtime.Tensor.fromGpuBuffer(place.buffer, { dataType: type, dims: shape });
    }
    this.#feeds = feeds;
  }

  /** Submits the graph's work and says where its outputs will lie. */
  async run(): Promise<ReadonlyMap<string, GpuPlace>> {
    try {
      return await exclusively(`running ${this.#source.name}`, () => this.#run());
    } catch (error) {
      // Later on, others are bound to where the outputs lay.
      const isFirst = this.#places === undefined;
      if (!isFirst || !this.#opened.isCaptured || !(error instanceof NetworkError)) throw error;
      await this.#uncapture(error);
      return exclusively(`running ${this.#source.name}`, () => this.#run());
    }
  }

  dispose(): void {
    const { session, isCaptured } = this.#opened;
    // Rejects only for a session that is gone already.
    exclusively(`releasing ${this.#source.name}`, () => session.release()).catch(() => undefined);
    if (isCaptured) return;
    for (const { buffer } of this.#places?.values() ?? []) buffer.destroy();
  }

  async #run(): Promise<ReadonlyMap<string, GpuPlace>> {
    const { name } = this.#source;
    if (this.#feeds === undefined) throw new Error(`${name} runs before its inputs are bound.`);
    const { session, isCaptured } = this.#opened;
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await session.run(this.#feeds);
    } catch (error) {
      throw runtimeError(error, `running ${name}`);
    }
    const found = new Map(
      Object.entries(results).map(([output, tensor]) => [output, (tensor as OrtTensor).gpuBuffer]),
    );
    try {
      return isCaptured ? this.#stayed(found) : this.#copied(found);
    } finally {
      // Drops this run's handles; a captured graph's buffers are its own and stay.
      for (const tensor of Object.values(results)) (tensor as OrtTensor).dispose();
    }
  }

  #stayed(found: ReadonlyMap<string, GPUBuffer>): ReadonlyMap<string, GpuPlace> {
    this.#places ??= this.#outputPlaces((name) => found.get(name) as GPUBuffer);
    for (const [name, { buffer }] of this.#places) {
      if (buffer !== found.get(name)) {
        throw new NetworkError(`running ${this.#source.name}, whose output ${name} moved`);
      }
    }
    return this.#places;
  }

  /** Their buffers go back to the runtime after each run, for whatever it computes next. */
  #copied(found: ReadonlyMap<string, GPUBuffer>): ReadonlyMap<string, GpuPlace> {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const label = `an output of ${this.#source.name}`;
    this.#places ??= this.#outputPlaces((_, size) => this.#gpu.createBuffer({ label, size, usage }));
    const encoder = this.#gpu.createCommandEncoder();
    for (const [name, { buffer }] of this.#places) {
      encoder.copyBufferToBuffer(found.get(name) as GPUBuffer, 0, buffer, 0, buffer.size);
    }
    this.#gpu.queue.submit([encoder.finish()]);
    return this.#places;
  }

  #outputPlaces(bufferOf: (name: string, bytes: number) => GPUBuffer): ReadonlyMap<string, GpuPlace> {
    return new Map(
      [...this.#ports.outputs].map(([name, { shape, type }]) => {
        const bytes = Math.ceil(bytesOf(shape, type) / 4) * 4;
        return [name, { buffer: bufferOf(name, bytes), shape }];
      }),
    );
  }

  async #uncapture(fault: NetworkError): Promise<void> {
    const part = await this.#source.read();
    try {
      this.#opened = await exclusively(`compiling ${this.#source.name}`, async () => {
        await this.#opened.session.release().catch(() => undefined);
        return openUncaptured(this.#runtime, this.#gpu, this.#source, part, fault);
      });
    } finally {
      letGo(part);
    }
  }
}

async function openCaptured(
  runtime: Runtime,
  gpu: GPUDevice,
  source: SessionSource,
  part: DevicePart,
): Promise<Opened> {
  try {
    return { session: await compile(runtime, gpu, source, part, true), isCaptured: true };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return openUncaptured(runtime, gpu, source, part, error);
  }
}

async function openUncaptured(
  runtime: Runtime,
  gpu: GPUDevice,
  source: SessionSource,
  part: DevicePart,
  fault: NetworkError,
): Promise<Opened> {
  const opened = { session: await compile(runtime, gpu, source, part, false), isCaptured: false };
  console.warn(`${source.name} is not captured, and takes longer to issue: ${fault.message}`);
  return opened;
}

async function compile(
  runtime: Runtime,
  gpu: GPUDevice,
  { name, weightsPath, dimensions }: SessionSource,
  { graph, model, weights }: DevicePart,
  enableGraphCapture: boolean,
): Promise<InferenceSession> {
  const symbols = graph.inputs.flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string'));
  try {
    return await runtime.InferenceSession.create(model, {
      // As an option object: the plain string would ignore graph capture, and `env.webgpu.device` is not read.
      executionProviders: [
        {
          name: 'webgpu',
          device: gpu,
          validationMode: 'wgpuOnly',
        } as InferenceSession.ExecutionProviderConfig,
      ],
      enableGraphCapture,
      preferredOutputLocation: 'gpu-buffer',
      freeDimensionOverrides: Object.fromEntries(symbols.map((symbol) => [symbol, dimensions(symbol)])),
      externalData: [{ path: weightsPath, data: weights }],
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw runtimeError(error, `compiling ${name}`);
  }
}

function portOf({ shape, type }: TensorInfo, dimensions: (name: string) => number): Port {
  return {
    shape: shape.map((dim: Dimension) => (typeof dim === 'string' ? dimensions(dim) : dim)),
    type: type === ElementType.float16 ? 'float16' : 'float32',
  };
}

function bytesOf(shape: readonly number[], type: 'float16' | 'float32'): number {
  return shape.reduce((product, dim) => product * dim, type === 'float16' ? 2 : 4);
}

function expectBindable(gpu: GPUDevice, bytes: number): void {
  const { maxStorageBufferBindingSize: most } = gpu.limits;
  if (bytes > most) throw new DeviceLimitError('a tensor (in bytes)', bytes, most);
}
