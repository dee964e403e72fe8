import type { Pack } from '../../pack/manifest.ts';
import type { Backend, Networks } from '../backend.ts';
import { OutOfMemoryError } from '../errors.ts';
import type { AttentionKernel } from './attention.ts';
import { Buffers } from './buffers.ts';
import { chooseAttention } from './choose-attention.ts';
import type { WebGpuContext } from './context.ts';
import { type OpenDevice, openDevice } from './device.ts';
import { Kernels } from './kernels.ts';
import { type Size, WebGpuNetworks } from './networks.ts';
import { Pipelines } from './pipelines.ts';
import { type Runtime, type RuntimeBuilds, startRuntime } from './runtime.ts';
import { Tensors } from './tensors.ts';

export interface WebGpuOptions {
  /** The best that the caller and the pack allow. */
  readonly precision: 'f16' | 'f32';
  /** Where ONNX Runtime's own files are; without them it looks beside itself. */
  readonly files?: RuntimeBuilds;
}

/** The networks on WebGPU: ONNX Runtime's kernels for what lies between two self-attentions, ours for those. */
export class WebGpuBackend implements Backend {
  readonly kind = 'webgpu';
  readonly threads = 1;
  readonly precision: 'f16' | 'f32';
  readonly device: string;
  readonly largestTensor: number;
  readonly lost: Promise<string>;
  /** For tests, which take it away and count what is left on it. */
  readonly gpu: GPUDevice;
  readonly buffers: Buffers;
  readonly #context: WebGpuContext;
  #isDisposed = false;
  #isOutOfMemory = false;

  private constructor(
    open: OpenDevice,
    runtime: Runtime,
    buffers: Buffers,
    kernels: Kernels,
    pipelines: Pipelines,
    precision: 'f16' | 'f32',
  ) {
    const { gpu } = open;
    this.gpu = gpu;
    this.device = open.name;
    this.largestTensor = Math.min(gpu.limits.maxBufferSize, gpu.limits.maxStorageBufferBindingSize);
    this.precision = precision;
    this.buffers = buffers;
    const attentions = new Map<number, Promise<AttentionKernel>>();
    this.#context = {
      gpu,
      runtime,
      kernels,
      tensors: new Tensors(gpu, buffers, kernels, precision),
      attention: (headSize) => {
        const known = attentions.get(headSize) ?? chooseAttention(open, pipelines, precision, headSize);
        attentions.set(headSize, known);
        known.catch(() => attentions.delete(headSize));
        return known;
      },
      expectMemory: (doing) => {
        if (!this.#isOutOfMemory) return;
        this.#isOutOfMemory = false;
        throw new OutOfMemoryError(doing);
      },
    };
    gpu.addEventListener('uncapturederror', ({ error }) => {
      if (error instanceof GPUOutOfMemoryError) this.#isOutOfMemory = true;
      else console.error(`WebGPU: ${error.message}`);
    });
    this.lost = new Promise((resolve) => {
      gpu.lost.then(({ message, reason }) => {
        if (!this.#isDisposed) resolve(message || reason);
      });
    });
  }

  static async open({ precision, files }: WebGpuOptions): Promise<WebGpuBackend> {
    const open = await openDevice();
    const { gpu } = open;
    const element = gpu.features.has('shader-f16') ? precision : 'f32';
    try {
      const pipelines = new Pipelines(gpu);
      const [runtime, kernels] = await Promise.all([
        startRuntime(files),
        Kernels.compile(gpu, pipelines, element),
      ]);
      return new WebGpuBackend(open, runtime, new Buffers(gpu), kernels, pipelines, element);
    } catch (error) {
      gpu.destroy();
      throw error;
    }
  }

  async build(pack: Pack, size: Size, signal?: AbortSignal): Promise<Networks> {
    const networks = await WebGpuNetworks.create(this.#context, pack, size, signal);
    await this.gpu.queue.onSubmittedWorkDone();
    try {
      this.#context.expectMemory('the graphics device took in the model');
    } catch (error) {
      networks.dispose();
      throw error;
    }
    return networks;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#context.kernels.dispose();
    this.gpu.destroy();
  }
}
