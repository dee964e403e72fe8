import blendSource from '../../../shaders/blend.wgsl?raw';
import columnsSource from '../../../shaders/columns.wgsl?raw';
import composeSource from '../../../shaders/compose.wgsl?raw';
import convertSource from '../../../shaders/convert.wgsl?raw';
import finiteSource from '../../../shaders/finite.wgsl?raw';
import mixSource from '../../../shaders/mix.wgsl?raw';
import pixelsSource from '../../../shaders/pixels.wgsl?raw';
import updateSource from '../../../shaders/update.wgsl?raw';
import warpSource from '../../../shaders/warp.wgsl?raw';
import type { OperationName } from '../operations.ts';
import type { Element } from './attention.ts';
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

/** The shaders of operations.ts, and what their parameters are. */
const OPERATIONS: Record<OperationName, { source: string; parameters: number; integers?: true }> = {
  update: { source: updateSource, parameters: 10 },
  mix: { source: mixSource, parameters: 2 },
  blend: { source: blendSource, parameters: 0 },
  columns: { source: columnsSource, parameters: 4, integers: true },
  warp: { source: warpSource, parameters: 4, integers: true },
  compose: { source: composeSource, parameters: 8, integers: true },
};

/** The small kernels: what would otherwise make tensors leave the device between two networks. */
export class Kernels {
  readonly #operations: ReadonlyMap<OperationName, Kernel>;
  readonly pixels: Kernel;
  readonly finite: Kernel;
  /** From place to place, in the networks' element type. */
  readonly warpPlaces: Kernel;
  /** Only where the networks compute in f16. */
  readonly toHalf: Kernel | undefined;
  readonly toFloat: Kernel | undefined;

  private constructor(
    operations: ReadonlyMap<OperationName, Kernel>,
    kernels: Pick<Kernels, 'pixels' | 'finite' | 'warpPlaces' | 'toHalf' | 'toFloat'>,
  ) {
    this.#operations = operations;
    this.pixels = kernels.pixels;
    this.finite = kernels.finite;
    this.warpPlaces = kernels.warpPlaces;
    this.toHalf = kernels.toHalf;
    this.toFloat = kernels.toFloat;
  }

  static async compile(gpu: GPUDevice, pipelines: Pipelines, element: Element): Promise<Kernels> {
    const kernel = async (label: string, source: string, parameters = 0, of: Element = 'f32', extra = {}) => {
      const code = expandShader(source, { element: of, constants: { THREADS, WIDTH, ...extra } });
      return new Kernel(gpu, await pipelines.get(label, code), 4 * parameters);
    };
    const half = element === 'f16';
    const [operations, pixels, finite, warpPlaces, toHalf, toFloat] = await Promise.all([
      Promise.all(
        (Object.keys(OPERATIONS) as OperationName[]).map(async (name) => {
          const { source, parameters } = OPERATIONS[name];
          return [name, await kernel(name, source, parameters)] as const;
        }),
      ),
      kernel('pixels', pixelsSource),
      kernel('finite', finiteSource, 0, 'f32', { FULL: Number(!half), HALVES: Number(half) }),
      kernel(`warp in ${element}`, warpSource, OPERATIONS.warp.parameters, element),
      half ? kernel('to half', convertSource, 0, 'f16', { TO_HALF: 1, TO_FLOAT: 0 }) : undefined,
      half ? kernel('to float', convertSource, 0, 'f16', { TO_HALF: 0, TO_FLOAT: 1 }) : undefined,
    ]);
    return new Kernels(new Map(operations), { pixels, finite, warpPlaces, toHalf, toFloat });
  }

  /** Submits one of the operations. */
  run(
    name: OperationName,
    count: number,
    buffers: readonly GPUBuffer[],
    parameters: readonly number[],
    kernel = this.#operations.get(name) as Kernel,
  ): void {
    const { integers } = OPERATIONS[name];
    // WGSL knows no infinity.
    const finite = parameters.map((value) => Math.min(value, 1e30));
    const values = integers ? Uint32Array.from(parameters) : Float32Array.from(finite);
    kernel.run(count, buffers, values.length > 0 ? values : undefined);
  }

  dispose(): void {
    const all = [
      ...this.#operations.values(),
      this.pixels,
      this.finite,
      this.warpPlaces,
      this.toHalf,
      this.toFloat,
    ];
    for (const kernel of all) kernel?.dispose();
  }
}
