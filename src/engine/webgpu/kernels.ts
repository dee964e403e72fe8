import columnsSource from '../../../shaders/columns.wgsl?raw';
import convertSource from '../../../shaders/convert.wgsl?raw';
import mixSource from '../../../shaders/mix.wgsl?raw';
import pixelsSource from '../../../shaders/pixels.wgsl?raw';
import updateSource from '../../../shaders/update.wgsl?raw';
import type { Pipelines } from './pipelines.ts';
import { expandShader } from './template.ts';

const THREADS = 64;
/** Workgroups in a row of the grid: a dimension of it may have 65,535 at most, and a large picture needs more. */
const WIDTH = 1024;

/** A kernel of one thread a value, with its parameters in one uniform buffer that every call writes anew. */
class Kernel {
  readonly #gpu: GPUDevice;
  readonly #pipeline: GPUComputePipeline;
  readonly #parameters: GPUBuffer | undefined;

  constructor(gpu: GPUDevice, pipeline: GPUComputePipeline, parameterBytes: number) {
    this.#gpu = gpu;
    this.#pipeline = pipeline;
    if (parameterBytes > 0) {
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      this.#parameters = gpu.createBuffer({ label: 'parameters', size: parameterBytes, usage });
    }
  }

  /** Submits at once, so that the queue keeps this call's parameters apart from the next one's. */
  run(count: number, buffers: readonly GPUBuffer[], parameters?: Float32Array | Uint32Array): void {
    const gpu = this.#gpu;
    if (this.#parameters !== undefined && parameters !== undefined) {
      gpu.queue.writeBuffer(this.#parameters, 0, parameters as Float32Array<ArrayBuffer>);
    }
    const encoder = gpu.createCommandEncoder();
    this.encode(encoder, count, buffers);
    gpu.queue.submit([encoder.finish()]);
  }

  encode(encoder: GPUCommandEncoder, count: number, buffers: readonly GPUBuffer[]): void {
    const bound = this.#parameters === undefined ? buffers : [this.#parameters, ...buffers];
    const group = this.#gpu.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, group);
    const groups = Math.ceil(count / THREADS);
    pass.dispatchWorkgroups(Math.min(groups, WIDTH), Math.ceil(groups / WIDTH));
    pass.end();
  }

  dispose(): void {
    this.#parameters?.destroy();
  }
}

/** The small kernels: what would otherwise make tensors leave the device between two networks. */
export class Kernels {
  readonly update: Kernel;
  readonly mix: Kernel;
  readonly columns: Kernel;
  readonly pixels: Kernel;
  /** Only where the networks compute in f16. */
  readonly toHalf: Kernel | undefined;
  readonly toFloat: Kernel | undefined;

  private constructor(kernels: Omit<Kernels, 'dispose'>) {
    this.update = kernels.update;
    this.mix = kernels.mix;
    this.columns = kernels.columns;
    this.pixels = kernels.pixels;
    this.toHalf = kernels.toHalf;
    this.toFloat = kernels.toFloat;
  }

  static async compile(gpu: GPUDevice, pipelines: Pipelines, element: 'f16' | 'f32'): Promise<Kernels> {
    const kernel = async (label: string, source: string, parameters: number, extra = {}): Promise<Kernel> => {
      const constants = { THREADS, WIDTH, ...extra };
      const code = expandShader(source, { element: 'TO_HALF' in constants ? 'f16' : 'f32', constants });
      return new Kernel(gpu, await pipelines.get(label, code), parameters);
    };
    const half = element === 'f16';
    const [update, mix, columns, pixels, toHalf, toFloat] = await Promise.all([
      kernel('update', updateSource, 40),
      kernel('mix', mixSource, 8),
      kernel('columns', columnsSource, 24),
      kernel('pixels', pixelsSource, 0),
      half ? kernel('to half', convertSource, 0, { TO_HALF: 1, TO_FLOAT: 0 }) : undefined,
      half ? kernel('to float', convertSource, 0, { TO_HALF: 0, TO_FLOAT: 1 }) : undefined,
    ]);
    return new Kernels({ update, mix, columns, pixels, toHalf, toFloat });
  }

  dispose(): void {
    for (const kernel of Object.values(this)) kernel?.dispose();
  }
}
