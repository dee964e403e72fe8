import { PirouetteError } from '../../errors.ts';
import { narrowToHalves } from '../../onnx/float.ts';
import { ElementType, encodeModel } from '../../onnx/model.ts';
import type { Pack, PartFiles } from '../../pack/manifest.ts';
import type { Tensor } from '../backend.ts';
import {
  type AttentionCall,
  type AttentionKernel,
  type BoundAttention,
  countOf,
  type Device,
  type Part,
  type Place,
} from '../device.ts';
import {
  DeviceLimitError,
  DeviceLostError,
  DeviceStalledError,
  NetworkError,
  NotFiniteError,
  OutOfMemoryError,
} from '../errors.ts';
import type { OperationName } from '../operations.ts';
import { readPart, weightsName } from '../read-part.ts';
import { within } from '../until.ts';
import type { AttentionDispatch, AttentionKernel as Kernel } from './attention.ts';
import { Buffers } from './buffers.ts';
import { chooseAttention } from './choose-attention.ts';
import { Kernels } from './kernels.ts';
import { type OpenDevice, openDevice } from './open-device.ts';
import { Pipelines } from './pipelines.ts';
import { readBack } from './read-back.ts';
import { patience, type Runtime, type RuntimeBuilds, startRuntime } from './runtime.ts';
import { GpuSession } from './session.ts';
import { type GpuPlace, GpuTensor } from './tensors.ts';

export interface WebGpuOptions {
  /** The best that the caller and the pack allow. */
  readonly precision: 'f16' | 'f32';
  /** Where ONNX Runtime's own files are; without them it looks beside itself. */
  readonly files?: RuntimeBuilds;
}

/** WebGPU: ONNX Runtime's kernels for what lies between two self-attentions, ours for those and for all else. */
export class WebGpuDevice implements Device {
  readonly kind = 'webgpu';
  readonly threads = 1;
  readonly precision: 'f16' | 'f32';
  readonly name: string;
  readonly largestTensor: number;
  readonly lost: Promise<string>;
  readonly gpu: GPUDevice;
  readonly buffers: Buffers;
  readonly #open: OpenDevice;
  readonly #runtime: Runtime;
  readonly #pipelines: Pipelines;
  readonly #kernels: Kernels;
  readonly #attentions = new Map<number, Promise<Kernel>>();
  #inFloats: Promise<WebGpuDevice> | undefined;
  /** ONNX Runtime forgets its compiled shaders with its last session on a device, and every size would compile them anew. */
  #held: GpuSession | undefined;
  #isDisposed = false;
  /** One word, which kernels set when they meet what is not a number; the next picture tells, and clears it. */
  readonly #faults: GPUBuffer;
  /** What the device has said since it was last asked. */
  #fault: GPUError | undefined;

  private constructor(
    open: OpenDevice,
    runtime: Runtime,
    pipelines: Pipelines,
    kernels: Kernels,
    precision: 'f16' | 'f32',
    buffers = new Buffers(open.gpu),
  ) {
    const { gpu } = open;
    this.#open = open;
    this.#runtime = runtime;
    this.#pipelines = pipelines;
    this.#kernels = kernels;
    this.gpu = gpu;
    this.name = open.name;
    this.precision = precision;
    this.largestTensor = Math.min(gpu.limits.maxBufferSize, gpu.limits.maxStorageBufferBindingSize);
    this.buffers = buffers;
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    this.#faults = gpu.createBuffer({ label: 'faults', size: 4, usage: STORAGE | COPY_SRC | COPY_DST });
    gpu.addEventListener('uncapturederror', ({ error }) => {
      // The first one: what follows is mostly its consequence.
      this.#fault ??= error;
    });
    this.lost = new Promise((resolve) => {
      gpu.lost.then(({ message, reason }) => {
        if (!this.#isDisposed) resolve(message || reason);
      });
    });
  }

  static async open({ precision, files }: WebGpuOptions): Promise<WebGpuDevice> {
    const open = await openDevice();
    const { gpu } = open;
    const element = gpu.features.has('shader-f16') ? precision : 'f32';
    try {
      const pipelines = new Pipelines(gpu);
      const [runtime, kernels] = await Promise.all([
        startRuntime(files),
        Kernels.compile(gpu, pipelines, element),
      ]);
      const device = new WebGpuDevice(open, runtime, pipelines, kernels, element);
      // Without it all is as right, and slower.
      device.#held = await holdRuntime(runtime, gpu).catch(() => undefined);
      return device;
    } catch (error) {
      gpu.destroy();
      throw error;
    }
  }

  async compile(
    pack: Pack,
    files: PartFiles,
    sizes: (dimension: string) => number,
    signal?: AbortSignal,
  ): Promise<Part> {
    return GpuSession.create(this.#runtime, this.gpu, {
      name: files.graph,
      read: () => readPart(pack, files, this.precision, signal),
      weightsPath: weightsName(files),
      dimensions: sizes,
    });
  }

  async attention(heads: number, headSize: number): Promise<AttentionKernel> {
    const known =
      this.#attentions.get(headSize) ??
      this.#answered(
        chooseAttention(this.#open, this.#pipelines, this.precision, headSize),
        'trying its attention kernels',
      );
    this.#attentions.set(headSize, known);
    known.catch(() => this.#attentions.delete(headSize));
    const kernel = await known;
    return { bind: (call) => bindAttention(kernel, heads, call) };
  }

  async attend(attentions: readonly BoundAttention[]): Promise<void> {
    this.#submit((encoder) => {
      const pass = encoder.beginComputePass();
      for (const attention of attentions as readonly AttentionDispatch[]) attention.encode(pass);
      pass.end();
    });
  }

  place(shape: readonly number[]): GpuPlace {
    const bytes = this.#bytesOf(shape);
    const most = this.largestTensor;
    if (bytes > most) throw new DeviceLimitError('a tensor (in bytes)', bytes, most);
    return { buffer: this.buffers.take(bytes), shape };
  }

  trim(): void {
    this.buffers.trim();
  }

  release(place: Place): void {
    this.buffers.give(on(place).buffer);
  }

  fill(places: readonly (readonly [Place, readonly (Tensor | null)[]])[]): void {
    const { toHalf } = this.#kernels;
    const between: GpuTensor[] = [];
    this.#submit((encoder) => {
      for (const [place, members] of places) {
        const { buffer, shape } = on(place);
        const [only] = members;
        if (members.every((member) => member === null)) {
          encoder.clearBuffer(buffer);
        } else if (toHalf === undefined) {
          join(encoder, members, buffer, countOf(shape));
        } else if (members.length === 1) {
          toHalf.encode(encoder, countOf(shape), [tensor(only as Tensor).buffer, buffer]);
        } else {
          const whole = this.#make(shape);
          between.push(whole);
          join(encoder, members, whole.buffer, countOf(shape));
          toHalf.encode(encoder, countOf(shape), [whole.buffer, buffer]);
        }
      }
    });
    for (const whole of between) whole.dispose();
  }

  write(place: Place, values: Float32Array): void {
    const data = this.precision === 'f16' ? evenHalves(values) : (values as Float32Array<ArrayBuffer>);
    this.gpu.queue.writeBuffer(on(place).buffer, 0, data);
  }

  /** The next run overwrites a place, so it is copied out. */
  take(place: Place): Tensor[] {
    const { buffer, shape } = on(place);
    const [batch = 1, ...rest] = shape;
    const { toFloat } = this.#kernels;
    const members = Array.from({ length: batch }, () => this.#make([1, ...rest]));
    const size = 4 * countOf(rest);
    const whole = toFloat && (batch === 1 ? members[0] : this.#make(shape));
    this.#submit((encoder) => {
      if (whole) toFloat?.encode(encoder, countOf(shape), [buffer, whole.buffer]);
      if (whole && batch === 1) return;
      for (const [i, member] of members.entries()) {
        encoder.copyBufferToBuffer(whole?.buffer ?? buffer, i * size, member.buffer, 0, size);
      }
    });
    if (batch > 1) whole?.dispose();
    return members;
  }

  copy(from: Place, to: Place, index = 0): void {
    // Copies are counted in words of four bytes, and so are our buffers.
    const bytes = Math.ceil(this.#bytesOf(from.shape) / 4) * 4;
    this.#submit((encoder) =>
      encoder.copyBufferToBuffer(on(from).buffer, 0, on(to).buffer, index * bytes, bytes),
    );
  }

  copyRange(from: Place, first: number, to: Place, at: number, count: number): void {
    const [source, start, target, place, bytes] = [
      on(from).buffer,
      this.#bytesOf([first]),
      on(to).buffer,
      this.#bytesOf([at]),
      this.#bytesOf([count]),
    ] as const;
    this.#submit((encoder) => encoder.copyBufferToBuffer(source, start, target, place, bytes));
  }

  watch(place: Place): void {
    const { buffer } = on(place);
    this.#submit((encoder) => this.#kernels.finite.encode(encoder, buffer.size / 4, [buffer, this.#faults]));
  }

  warp(picture: Place, flow: Place, result: Place): void {
    const buffers = [picture, flow, result].map((place) => on(place).buffer);
    const parameters = [...picture.shape.slice(2), ...result.shape.slice(2)];
    this.#kernels.run('warp', countOf(result.shape), buffers, parameters, this.#kernels.warpPlaces);
  }

  inFloats(): Promise<WebGpuDevice> {
    if (this.precision === 'f32') return Promise.resolve(this);
    this.#inFloats ??= Kernels.compile(this.gpu, this.#pipelines, 'f32').then(
      (kernels) => new WebGpuDevice(this.#open, this.#runtime, this.#pipelines, kernels, 'f32', this.buffers),
    );
    return this.#inFloats;
  }

  upload(values: Float32Array, shape: readonly number[]): Tensor {
    const made = this.#make(shape);
    this.gpu.queue.writeBuffer(made.buffer, 0, values as Float32Array<ArrayBuffer>);
    return made;
  }

  async download(from: Tensor): Promise<Float32Array> {
    const bytes = await this.#read(tensor(from).buffer, 'the graphics device computed');
    return new Float32Array(bytes).subarray(0, countOf(from.shape));
  }

  compute(
    operation: OperationName,
    inputs: readonly Tensor[],
    shape: readonly number[],
    parameters: readonly number[],
  ): Tensor {
    const result = this.#make(shape);
    const buffers = [...inputs.map((input) => tensor(input).buffer), result.buffer];
    if (operation === 'update') buffers.push(this.#faults);
    this.#kernels.run(operation, countOf(shape), buffers, parameters);
    return result;
  }

  async pixels(picture: Tensor): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const [, , height = 0, width = 0] = picture.shape;
    const count = width * height;
    // A word a pixel, and one that says whether all values were numbers, here and since the last picture.
    const words = this.#make([count + 1]);
    try {
      this.#submit((encoder) => {
        this.#kernels.pixels.encode(encoder, count, [tensor(picture).buffer, words.buffer, this.#faults]);
        encoder.copyBufferToBuffer(this.#faults, 0, words.buffer, 4 * count, 4);
        encoder.clearBuffer(this.#faults);
      });
      const bytes = await this.#read(words.buffer, 'the graphics device made a picture');
      if (new Uint32Array(bytes)[count] !== 0) throw new NotFiniteError(this.precision);
      return new Uint8ClampedArray(bytes, 0, 4 * count);
    } finally {
      words.dispose();
    }
  }

  async done(doing = 'the graphics device painted'): Promise<void> {
    await this.#answered(this.gpu.queue.onSubmittedWorkDone(), doing);
  }

  async settle(doing: string): Promise<void> {
    await this.done(doing);
    this.#expectSound(doing);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#held?.dispose();
    this.#kernels.dispose();
    this.gpu.destroy();
  }

  async #read(buffer: GPUBuffer, doing: string): Promise<ArrayBuffer> {
    const bytes = await this.#answered(readBack(this.gpu, buffer), doing);
    this.#expectSound(doing);
    return bytes;
  }

  /** A wait for the device is where its loss is noticed: everything before is accepted in silence. */
  async #answered<T>(answer: Promise<T>, doing: string): Promise<T> {
    try {
      const { seconds } = patience;
      return await within(answer, seconds, () => new DeviceStalledError(doing, seconds));
    } catch (error) {
      if (error instanceof PirouetteError) throw error;
      throw new DeviceLostError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  /** The device tells of what has failed behind the work before it, so this is asked after a wait for the device. */
  #expectSound(doing: string): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault === undefined) return;
    if (fault instanceof GPUOutOfMemoryError) throw new OutOfMemoryError(doing);
    // Commands with a fault are dropped, and what was there before would pass for their result.
    throw new NetworkError(`${doing}: WebGPU refused a command`, { cause: new Error(fault.message) });
  }

  #make(shape: readonly number[]): GpuTensor {
    return new GpuTensor(this.buffers, shape);
  }

  #bytesOf(shape: readonly number[]): number {
    return countOf(shape) * (this.precision === 'f16' ? 2 : 4);
  }

  #submit(encode: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.gpu.createCommandEncoder();
    encode(encoder);
    this.gpu.queue.submit([encoder.finish()]);
  }
}

/** The least session there is. */
function holdRuntime(runtime: Runtime, gpu: GPUDevice): Promise<GpuSession> {
  const info = (name: string) => ({ name, type: ElementType.float, shape: [1] });
  const node = { name: 'twice', op: 'Add', inputs: ['x', 'x'], outputs: ['y'], attributes: {} };
  const graph = { name: 'Twice', inputs: [info('x')], outputs: [info('y')], initializers: [], nodes: [node] };
  const model = encodeModel(graph);
  return GpuSession.create(runtime, gpu, {
    name: 'a session to hold the runtime',
    read: async () => ({ graph, model, weights: new Blob() }),
    weightsPath: 'none',
    dimensions: () => 1,
  });
}

function bindAttention(kernel: Kernel, heads: number, call: AttentionCall): AttentionDispatch {
  const { query, key, value, result, first, count, reference } = call;
  return kernel.bind({
    query: on(query).buffer,
    key: on(key).buffer,
    value: on(value).buffer,
    result: on(result).buffer,
    ...{ first, heads },
    batch: count,
    queries: query.shape[1] ?? 0,
    keys: key.shape[1] ?? 0,
    ...(reference && {
      reference: {
        key: on(reference.key).buffer,
        value: on(reference.value).buffer,
        tokens: reference.key.shape[1] ?? 0,
      },
    }),
  });
}

/** Tensors one after another, zeros where there is none. */
function join(
  encoder: GPUCommandEncoder,
  members: readonly (Tensor | null)[],
  to: GPUBuffer,
  count: number,
): void {
  const size = (4 * count) / members.length;
  for (const [i, member] of members.entries()) {
    if (member === null) encoder.clearBuffer(to, i * size, size);
    else encoder.copyBufferToBuffer(tensor(member).buffer, 0, to, i * size, size);
  }
}

/** Writes are counted in words of four bytes: an odd number of halves gets one more. */
function evenHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const even = new Uint16Array(values.length + (values.length % 2));
  even.set(narrowToHalves(values));
  return even;
}

const on = (place: Place): GpuPlace => place as GpuPlace;
const tensor = (value: Tensor): GpuTensor => value as GpuTensor;
