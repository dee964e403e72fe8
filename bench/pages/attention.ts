import * as ort from 'onnxruntime-web/jspi';
import { AttentionKernel, attentionVariants } from '../../src/engine/webgpu/attention.ts';
import { attentionTruth, normalisedError } from '../../src/engine/webgpu/attention-truth.ts';
import { Pipelines } from '../../src/engine/webgpu/pipelines.ts';
import { casesOf, HEAD_SIZES, makeCase, type NamedCase, TIMED_SHAPES } from './attention-cases.ts';
import { multiHeadAttentionModel } from './mha-model.ts';

export interface AttentionReport {
  readonly device: string;
  readonly software: boolean;
  readonly worstNmse: number;
  readonly theirWorstNmse: number;
  readonly medianRatio: number;
  readonly ratios: readonly number[];
  readonly cases: number;
  readonly variants: readonly string[];
  readonly lines: readonly string[];
}

declare global {
  interface Window {
    /** `only`: a single head size. */
    measureAttention(only?: string): Promise<AttentionReport>;
  }
}

const ROUNDS = 7;

/** All timings of one shape, taken in turns, so that whatever else the machine does hits both alike. */
window.measureAttention = async (only) => {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error('There is no WebGPU adapter to measure on.');
  const software = adapter.info.architecture === 'swiftshader' || adapter.info.isFallbackAdapter;
  // On SwiftShader their kernel is wrong where the device has subgroups, so the comparison is without.
  const subgroups = !software && adapter.features.has('subgroups');
  const device = await adapter.requestDevice({
    requiredFeatures: subgroups ? ['subgroups'] : [],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize,
      maxStorageBuffersPerShaderStage: adapter.limits.maxStorageBuffersPerShaderStage,
      maxComputeInvocationsPerWorkgroup: adapter.limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  device.addEventListener('uncapturederror', ({ error }) => console.error(error.message));
  const bench = new AttentionBench(device, { software, subgroups });
  const sizes = HEAD_SIZES.filter((size) => only === undefined || size === Number(only));
  for (const headSize of sizes) await bench.checkHeadSize(headSize);
  for (const shape of TIMED_SHAPES.filter(({ headSize }) => sizes.includes(headSize))) {
    await bench.compare(shape);
  }
  return { device: `${adapter.info.vendor} ${adapter.info.architecture}`, software, ...bench.report() };
};

class AttentionBench {
  private readonly pipelines: Pipelines;
  private readonly lines: string[] = [];
  private readonly ratios: number[] = [];
  private readonly variants = new Set<string>();
  private worst = 0;
  private theirWorst = 0;
  private cases = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly traits: { readonly software: boolean; readonly subgroups: boolean },
  ) {
    this.pipelines = new Pipelines(device);
  }

  report() {
    const sorted = [...this.ratios].sort((a, b) => a - b);
    return {
      worstNmse: this.worst,
      theirWorstNmse: this.theirWorst,
      medianRatio: sorted[sorted.length >> 1] ?? Number.NaN,
      ratios: this.ratios,
      cases: this.cases,
      variants: [...this.variants],
      lines: this.lines,
    };
  }

  /** Every variant that this device could choose, on every pattern. */
  async checkHeadSize(headSize: number): Promise<void> {
    for (const kernel of await this.kernels(headSize)) {
      for (const one of casesOf(headSize)) {
        const { result, run } = this.prepare(kernel, one);
        run();
        const error = normalisedError(await this.read(result), attentionTruth(one));
        this.cases++;
        // NaN compares as false with everything: it must count as the worst.
        this.worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(this.worst, error);
        if (!(error <= 1e-10)) this.lines.push(`${kernel.variant.name} ${one.name}: NMSE ${error}`);
      }
    }
  }

  async compare(shape: { heads: number; headSize: number; tokens: number }): Promise<void> {
    const { heads, headSize, tokens } = shape;
    const pattern = { name: 'timed', queries: tokens, keys: tokens, reference: tokens, heads };
    const one = makeCase(headSize, pattern);
    const theirs = await this.theirs(one, tokens);
    const kernels = (await this.kernels(headSize)).map((kernel) => ({
      kernel,
      ...this.prepare(kernel, one),
    }));
    const times = kernels.map((): number[] => []);
    const theirTimes: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, { run }] of kernels.entries()) times[i]?.push(await this.time(run));
      theirTimes.push(await this.time(theirs.run));
    }
    this.theirWorst = Math.max(
      this.theirWorst,
      normalisedError(await this.read(theirs.result()), attentionTruth(one)),
    );
    // The first round warms up. The engine takes the fastest variant at start-up, and so does this comparison.
    const medians = times.map((list) => median(list.slice(1)));
    const ours = Math.min(...medians);
    const ratio = ours / median(theirTimes.slice(1));
    this.ratios.push(ratio);
    const name = kernels[medians.indexOf(ours)]?.kernel.variant.name ?? '';
    this.variants.add(name);
    this.lines.push(
      `${heads} heads of ${headSize}, ${tokens} queries, ${2 * tokens} keys: ${name} ${ours.toFixed(1)} ms, ` +
        `theirs ${median(theirTimes.slice(1)).toFixed(1)} ms, ratio ${ratio.toFixed(2)}`,
    );
    await theirs.release();
  }

  private kernels(headSize: number): Promise<AttentionKernel[]> {
    return Promise.all(
      attentionVariants(headSize, this.traits).map((variant) =>
        AttentionKernel.compile(this.device, this.pipelines, 'f32', headSize, variant),
      ),
    );
  }

  private prepare(kernel: AttentionKernel, one: NamedCase): { result: GPUBuffer; run: () => void } {
    const { heads, headSize, poison } = one;
    const width = heads * headSize;
    const upload = (values: Float32Array) => this.upload(values, poison * width);
    const result = this.device.createBuffer({
      size: one.query.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
    });
    const dispatch = kernel.bind({
      query: upload(one.query),
      key: upload(one.key),
      value: upload(one.value),
      result,
      batch: 1,
      heads,
      queries: one.query.length / width,
      keys: one.key.length / width,
      ...(one.referenceKey.length > 0 && {
        reference: {
          key: upload(one.referenceKey),
          value: upload(one.referenceValue),
          tokens: one.referenceKey.length / width,
        },
      }),
    });
    const run = () => {
      const encoder = this.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      dispatch.encode(pass);
      pass.end();
      this.device.queue.submit([encoder.finish()]);
    };
    return { result, run };
  }

  private async theirs(one: NamedCase, tokens: number) {
    const { heads, headSize } = one;
    const width = heads * headSize;
    const session = await ort.InferenceSession.create(
      multiHeadAttentionModel(heads, width, tokens, 2 * tokens),
      {
        executionProviders: [
          { name: 'webgpu', device: this.device } as ort.InferenceSession.WebGpuExecutionProviderOption,
        ],
        enableGraphCapture: true,
        preferredOutputLocation: 'gpu-buffer',
        logSeverityLevel: 3,
      },
    );
    const tensor = (values: Float32Array, rows: number) =>
      ort.Tensor.fromGpuBuffer(this.upload(values, 0), { dataType: 'float32', dims: [1, rows, width] });
    const feeds = {
      query: tensor(one.query, tokens),
      key: tensor(joined(one.referenceKey, one.key), 2 * tokens),
      value: tensor(joined(one.referenceValue, one.value), 2 * tokens),
    };
    let result: GPUBuffer | undefined;
    return {
      run: async () => {
        const outputs = await session.run(feeds);
        result = outputs.result?.gpuBuffer as GPUBuffer;
      },
      result: () => result as GPUBuffer,
      release: () => session.release(),
    };
  }

  private async time(run: () => void | Promise<void>): Promise<number> {
    await this.device.queue.onSubmittedWorkDone();
    const start = performance.now();
    await run();
    await this.device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  }

  private upload(values: Float32Array, poison: number): GPUBuffer {
    const buffer = this.device.createBuffer({
      size: values.byteLength + poison * 4,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      mappedAtCreation: true,
    });
    const mapped = new Float32Array(buffer.getMappedRange()).fill(Number.NaN);
    mapped.set(values);
    buffer.unmap();
    return buffer;
  }

  private async read(buffer: GPUBuffer): Promise<Float32Array> {
    const staging = this.device.createBuffer({
      size: buffer.size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    this.device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return values;
  }
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
