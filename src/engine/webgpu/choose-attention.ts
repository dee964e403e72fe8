import { narrowToHalves, widenHalves } from '../../onnx/float.ts';
import { NetworkError } from '../errors.ts';
import {
  type AttentionCall,
  type AttentionDispatch,
  AttentionKernel,
  type AttentionVariant,
  attentionVariants,
  type Element,
} from './attention.ts';
import { type AttentionCase, attentionTruth, normalisedError } from './attention-truth.ts';
import type { OpenDevice } from './open-device.ts';
import type { Pipelines } from './pipelines.ts';
import { readBack } from './read-back.ts';

/** Far above what rounding does, far below what a wrong kernel makes. */
const MOST_ERROR = { f32: 1e-8, f16: 1e-4 } as const;

/** Tokens of the timed attention: enough to fill a GPU, little enough to be no wait. */
const TIMED_TOKENS = 512;
const TIMED_HEADS = 4;

/**
 * The fastest of the variants that compute rightly on this very device. Drivers differ in what they get wrong, subgroup
 * operations above all, so each is held against float64 before it is trusted, and only then timed.
 */
export async function chooseAttention(
  { gpu, software }: OpenDevice,
  pipelines: Pipelines,
  element: Element,
  headSize: number,
): Promise<AttentionKernel> {
  const subgroups = gpu.features.has('subgroups');
  const variants = attentionVariants(headSize, { software, subgroups });
  const compiled = await Promise.allSettled(
    variants.map((variant) => AttentionKernel.compile(gpu, pipelines, element, headSize, variant)),
  );
  const right: AttentionKernel[] = [];
  const faults: string[] = [];
  for (const [i, outcome] of compiled.entries()) {
    const { name } = variants[i] as AttentionVariant;
    if (outcome.status === 'rejected') {
      faults.push(`${name}: ${outcome.reason}`);
      continue;
    }
    const error = await measureAttentionError(gpu, outcome.value, element, headSize);
    if (error <= MOST_ERROR[element]) right.push(outcome.value);
    else faults.push(`${name}: wrong by ${error}`);
  }
  const [first, ...others] = right;
  if (first === undefined) {
    throw new NetworkError('checking its attention on this device', { cause: new Error(faults.join('; ')) });
  }
  if (others.length === 0) return first;
  const times = await timeAll(gpu, right, element, headSize);
  return right[times.indexOf(Math.min(...times))] ?? first;
}

/** A kernel's error on this device, on a case that cuts every tile short. */
export async function measureAttentionError(
  gpu: GPUDevice,
  kernel: AttentionKernel,
  element: Element,
  headSize: number,
): Promise<number> {
  const heads = 2;
  const width = heads * headSize;
  // Odd numbers, so that the last tile and the last group of queries are cut short in both sources.
  const tokens = { query: 37, key: 45, referenceKey: 19 };
  const wave = (count: number, step: number) =>
    stored(
      Float32Array.from({ length: count * width }, (_, i) => 1.5 * Math.sin(i * step + 1)),
      element,
    );
  const one: AttentionCase = {
    heads,
    headSize,
    query: wave(tokens.query, 0.713),
    key: wave(tokens.key, 1.117),
    value: wave(tokens.key, 0.377),
    referenceKey: wave(tokens.referenceKey, 0.519),
    referenceValue: wave(tokens.referenceKey, 0.911),
  };
  const buffers: GPUBuffer[] = [];
  const upload = (values: Float32Array): GPUBuffer => {
    const buffer = storage(gpu, bytesOf(values.length, element));
    gpu.queue.writeBuffer(
      buffer,
      0,
      element === 'f16' ? narrowToHalves(values) : (values as Float32Array<ArrayBuffer>),
    );
    buffers.push(buffer);
    return buffer;
  };
  const result = storage(gpu, bytesOf(one.query.length, element));
  const dispatch = kernel.bind({
    query: upload(one.query),
    key: upload(one.key),
    value: upload(one.value),
    result,
    batch: 1,
    heads,
    queries: tokens.query,
    keys: tokens.key,
    reference: {
      key: upload(one.referenceKey),
      value: upload(one.referenceValue),
      tokens: tokens.referenceKey,
    },
  });
  submit(gpu, dispatch, 1);
  const found = await readBack(gpu, result);
  dispatch.dispose();
  for (const buffer of [...buffers, result]) buffer.destroy();
  const values = element === 'f16' ? widenHalves(new Uint16Array(found)) : new Float32Array(found);
  return normalisedError(values.subarray(0, one.query.length), attentionTruth(one));
}

async function timeAll(
  gpu: GPUDevice,
  kernels: readonly AttentionKernel[],
  element: Element,
  headSize: number,
): Promise<number[]> {
  const values = TIMED_TOKENS * TIMED_HEADS * headSize;
  const buffer = () => storage(gpu, bytesOf(values, element));
  const [query, key, value, result] = [buffer(), buffer(), buffer(), buffer()] as const;
  const call: AttentionCall = {
    ...{ query, key, value, result },
    batch: 1,
    heads: TIMED_HEADS,
    queries: TIMED_TOKENS,
    keys: TIMED_TOKENS,
    reference: { key, value, tokens: TIMED_TOKENS },
  };
  const best = kernels.map(() => Number.POSITIVE_INFINITY);
  const dispatches = kernels.map((kernel) => kernel.bind(call));
  // In turns, so that a clock that is still rising favours none of them; the first round only warms up.
  for (let round = 0; round < 4; round++) {
    for (const [i, dispatch] of dispatches.entries()) {
      await gpu.queue.onSubmittedWorkDone();
      const start = performance.now();
      submit(gpu, dispatch, 4);
      await gpu.queue.onSubmittedWorkDone();
      if (round > 0) best[i] = Math.min(best[i] as number, performance.now() - start);
    }
  }
  for (const dispatch of dispatches) dispatch.dispose();
  for (const used of [query, key, value, result]) used.destroy();
  return best;
}

function submit(gpu: GPUDevice, dispatch: AttentionDispatch, times: number): void {
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let i = 0; i < times; i++) dispatch.encode(pass);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
}

function storage(gpu: GPUDevice, size: number): GPUBuffer {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  return gpu.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
}

const bytesOf = (values: number, element: Element): number => values * (element === 'f16' ? 2 : 4);

/** The values as the device will hold them, so that the truth starts from the same. */
function stored(values: Float32Array, element: Element): Float32Array {
  return element === 'f16' ? widenHalves(narrowToHalves(values)) : values;
}
