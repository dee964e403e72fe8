/**
 * Writes a large pack of random weights (about 600 MB in f16 where nothing else is asked for): what loading is
 * measured with. The weights are made while they are exported, so that no checkpoint lies on disk and no more than
 * one tensor in memory.
 *   node --import tsx tools/generate-pack.ts --out DIR [--precision f16|f32|int8]
 */
import { parseArgs } from 'node:util';
import { diskPackWriter } from '../cli/node-files.ts';
import { isStorage, type Storage } from '../src/onnx/part.ts';
import { type ByteSource, safetensorsHeader, tensorBytes } from '../src/onnx/safetensors.ts';
import { exportPack } from '../src/pack/export.ts';
import type { Folder } from '../src/pack/folder.ts';
import type { PackManifest } from '../src/pack/manifest.ts';
import { poseEncoderTensors, type Tensors, unetTensors } from './diffusers-tensors.ts';
import { POSE_ENCODER, SCHEDULER, stableDiffusionUNet } from './generate-checkpoint.ts';
import { jsonFile, randomFloats } from './random-weights.ts';

/** Stable Diffusion's shape in narrower widths, with heads of 32 and 64. */
const WIDTHS = [192, 384, 768, 768];
const HEADS = [6, 6, 12, 12];

export async function generatePack(out: string, precision: Storage = 'f16'): Promise<PackManifest> {
  const unet = stableDiffusionUNet(WIDTHS, HEADS);
  const pose = { ...POSE_ENCODER, conditioning_embedding_channels: WIDTHS[0] as number };
  const files: Record<string, ByteSource> = {
    'unet/config.json': inMemory(jsonFile(unet)),
    'unet/diffusion_pytorch_model.safetensors': randomWeights(unetTensors(unet), precision),
    'pose_encoder/config.json': inMemory(jsonFile(pose)),
    'pose_encoder/diffusion_pytorch_model.safetensors': randomWeights(poseEncoderTensors(pose), precision),
    'scheduler/scheduler_config.json': inMemory(jsonFile(SCHEDULER)),
  };
  const folder: Folder = { name: 'Random weights', open: async (path) => files[path] };
  return exportPack(folder, diskPackWriter(out), { precision });
}

const inMemory = (bytes: Uint8Array<ArrayBuffer>): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => bytes.slice(offset, offset + length),
});

/** A safetensors file whose values are made when they are read. */
function randomWeights(tensors: Tensors, precision: Storage): ByteSource {
  const dtype = precision === 'f32' ? 'F32' : 'F16';
  const specs = [...tensors].map(([name, shape]) => ({ name, shape, dtype }) as const);
  const header = safetensorsHeader(specs);
  return {
    size: specs.reduce((sum, spec) => sum + tensorBytes(spec), header.length),
    read: async (offset, length) =>
      offset < header.length ? header.slice(offset, offset + length) : randomFloats(length, dtype, offset),
  };
}

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, precision: { type: 'string', default: 'f16' } },
  });
  if (values.out === undefined || !isStorage(values.precision)) {
    console.error('Usage: generate-pack --out DIR [--precision f16|f32|int8]');
    process.exit(2);
  }
  await generatePack(values.out, values.precision);
}
