import type { AttentionKernel } from './attention.ts';
import type { Kernels } from './kernels.ts';
import type { Runtime } from './runtime.ts';
import type { Tensors } from './tensors.ts';

/** What all networks on one device share. */
export interface WebGpuContext {
  readonly gpu: GPUDevice;
  readonly runtime: Runtime;
  readonly kernels: Kernels;
  readonly tensors: Tensors;
  /** The attention kernel for a head size, checked on this device. */
  attention(headSize: number): Promise<AttentionKernel>;
  /**
   * Throws when an allocation has failed since the last call. The device tells so behind the work before it: ask after
   * a wait for the device.
   */
  expectMemory(doing: string): void;
}
