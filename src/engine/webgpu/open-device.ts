import { NoWebGpuError } from '../errors.ts';

/** A WebGPU device and what the engine must know of it. */
export interface OpenDevice {
  readonly gpu: GPUDevice;
  readonly name: string;
  /** A rasteriser on the processor: right, slow, and shaped unlike a GPU. */
  readonly software: boolean;
}

/** Weights and pictures are large: whatever the adapter has of these, the networks may need. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

export async function openDevice(): Promise<OpenDevice> {
  if (navigator.gpu === undefined) throw new NoWebGpuError('it does not know WebGPU.');
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new NoWebGpuError('it found no graphics adapter that can be used.');
  const { info, limits, features } = adapter;
  const software = info.isFallbackAdapter || info.architecture === 'swiftshader';
  const wanted: GPUFeatureName[] = [
    'shader-f16',
    // ONNX Runtime 1.30's own attention is wrong on SwiftShader where the device has subgroups.
    ...(software ? [] : (['subgroups'] as const)),
  ];
  try {
    const gpu = await adapter.requestDevice({
      label: 'Pirouette',
      requiredFeatures: wanted.filter((feature) => features.has(feature)),
      requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, limits[limit]])),
    });
    const name = [info.vendor, info.architecture, info.description].filter(Boolean).join(' ');
    return { gpu, software, name: name || 'an unnamed graphics adapter' };
  } catch (error) {
    throw new NoWebGpuError(error instanceof Error ? error.message : String(error));
  }
}
