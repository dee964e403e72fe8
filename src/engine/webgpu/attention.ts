import source from '../../../shaders/attention.wgsl?raw';
import type { Pipelines } from './pipelines.ts';
import { expandShader } from './template.ts';

export type Element = 'f16' | 'f32';

/** A way to run the kernel. All of them compute the same; which one is fast is the device's affair. */
export interface AttentionVariant {
  readonly name: 'tiled' | 'tiled-subgroups' | 'direct';
  readonly threads: number;
  /** Keys that pass through workgroup memory at a time; 0: threads read the keys themselves. */
  readonly tile: number;
  readonly batch: number;
  readonly queries: number;
  /** Threads that share a query; they add up their parts of a score with subgroup operations, or without. */
  readonly split: number;
  readonly subgroups: boolean;
}

/** f32 values of q and of the running sum that a thread keeps in registers before a real GPU starts to spill them. */
const REGISTERS = 128;
/** Every device grants 16 KiB of workgroup memory; what the tiles leave is for exchanged scores. */
const TILE_BYTES = 12 * 1024;
const BATCH = 4;

/**
 * The variants worth trying for a head size, the most promising first.
 *
 * A software rasteriser runs a workgroup's threads as lanes of the processor's vector unit: a read costs as much as
 * eight multiplications wherever it goes, barriers suspend threads one by one, and registers are memory anyhow. So there
 * a thread carries many queries, and nothing is staged. A real GPU wants few registers a thread, so wide heads are split.
 */
export function attentionVariants(
  headSize: number,
  device: { readonly software: boolean; readonly subgroups: boolean },
): AttentionVariant[] {
  if (device.software) {
    return [{ name: 'direct', threads: 16, tile: 0, batch: 2, queries: 4, split: 1, subgroups: false }];
  }
  let split = 1;
  while ((2 * headSize) / split > REGISTERS && headSize % (8 * split) === 0) split *= 2;
  const queries = (4 * headSize) / split <= REGISTERS ? 2 : 1;
  const tile = Math.max(BATCH, Math.min(32, Math.floor(TILE_BYTES / (8 * headSize * BATCH)) * BATCH));
  const tiled = { name: 'tiled', threads: 64, tile, batch: BATCH, queries, split, subgroups: false } as const;
  return [
    ...(split > 1 && device.subgroups
      ? [{ ...tiled, name: 'tiled-subgroups', subgroups: true } as const]
      : []),
    tiled,
    { ...tiled, name: 'direct', tile: 0 },
  ];
}

export interface AttentionCall {
  readonly query: GPUBuffer;
  readonly key: GPUBuffer;
  readonly value: GPUBuffer;
  readonly result: GPUBuffer;
  /** The first member of the batch that is computed, and how many are. */
  readonly first?: number;
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** Its tokens are seen by all these members. */
  readonly reference?: { readonly key: GPUBuffer; readonly value: GPUBuffer; readonly tokens: number };
}

/** One attention over fixed buffers, ready to be encoded any number of times. */
export interface AttentionDispatch {
  encode(pass: GPUComputePassEncoder): void;
  dispose(): void;
}

export class AttentionKernel {
  private constructor(
    private readonly device: GPUDevice,
    private readonly pipeline: GPUComputePipeline,
    readonly variant: AttentionVariant,
  ) {}

  static async compile(
    device: GPUDevice,
    pipelines: Pipelines,
    element: Element,
    headSize: number,
    variant: AttentionVariant,
  ): Promise<AttentionKernel> {
    const { threads, tile, batch, queries, split, subgroups } = variant;
    const code = expandShader(source, {
      element,
      subgroups,
      constants: {
        HEAD_SIZE: headSize,
        WHOLE: Number(headSize % 4 === 0),
        RAGGED: Number(headSize % 4 !== 0),
        VECTORS: Math.ceil(headSize / 4) / split,
        SPLIT: split,
        SHUFFLE: Number(split > 1 && subgroups),
        EXCHANGE: Number(split > 1 && !subgroups),
        QUERIES: queries,
        THREADS: threads,
        BATCH: batch,
        TILE: tile,
        TILED: Number(tile > 0),
        DIRECT: Number(tile === 0),
        SOURCES: 2,
      },
    });
    const label = `attention ${variant.name} ${element}x${headSize}`;
    return new AttentionKernel(device, await pipelines.get(label, code), variant);
  }

  bind(call: AttentionCall): AttentionDispatch {
    const { query, key, value, result, first = 0, batch, heads, queries, keys, reference } = call;
    // Without a reference its bindings must still hold something, which nobody reads.
    const { key: referenceKey, value: referenceValue, tokens } = reference ?? { key, value, tokens: 0 };
    const lengths = this.device.createBuffer({
      label: 'attention lengths',
      size: 32,
      usage: GPUBufferUsage.UNIFORM,
      mappedAtCreation: true,
    });
    new Uint32Array(lengths.getMappedRange()).set([queries, heads, tokens, keys, 0, keys, first]);
    lengths.unmap();
    const buffers = [lengths, query, referenceKey, referenceValue, key, value, result];
    const group = this.device.createBindGroup({
      layout: this.pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const { variant } = this;
    const tiles = Math.ceil(queries / ((variant.threads / variant.split) * variant.queries));
    return {
      encode: (pass) => {
        pass.setPipeline(this.pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(tiles, heads, batch);
      },
      dispose: () => lengths.destroy(),
    };
  }
}
