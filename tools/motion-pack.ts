import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UNetConfig } from '../src/onnx/configs.ts';
import { splitMotionModel } from '../src/onnx/motion-shape.ts';
import { concat } from '../src/onnx/proto.ts';
import { type FloatType, safetensorsHeader } from '../src/onnx/safetensors.ts';
import { isMotionTensor } from '../src/pack/motion-names.ts';
import { poseEncoderTensors } from './diffusers-tensors.ts';
import { SCHEDULER } from './generate-checkpoint.ts';
import { exportToMemory, type Files, memoryFolder } from './memory-pack.ts';
import { jsonFile, safetensorsFile } from './random-weights.ts';
import { readTensors, type TensorFile } from './run-parts.ts';

/**
 * A folder with diffusers' UNetMotionModel and what it computes (`io.safetensors`), as a pack: the frames' U-Net and the
 * motion modules apart, beside a pose encoder of random weights, since a pack has one.
 */
export async function motionPack(directory: string, precision: 'f16' | 'f32'): Promise<Files> {
  const config = JSON.parse(readFileSync(join(directory, 'unet_config.json'), 'utf8')) as UNetConfig;
  const split = splitMotionModel(config);
  if (split === undefined) throw new Error(`${directory} holds no UNetMotionModel.`);
  const weights = await readTensors(join(directory, 'unet.safetensors'));
  const [first = 0] = config.block_out_channels;
  const pose = {
    conditioning_embedding_channels: first,
    conditioning_channels: 3,
    block_out_channels: [4, 4, 8, 8],
  };
  const files: Files = new Map([
    ['unet/config.json', jsonFile(split.unet)],
    ['unet/diffusion_pytorch_model.safetensors', part(weights, (name) => !isMotionTensor(name))],
    ['motion_adapter/config.json', jsonFile(split.motion)],
    ['motion_adapter/diffusion_pytorch_model.safetensors', part(weights, isMotionTensor)],
    ['pose_encoder/config.json', jsonFile(pose)],
    ['pose_encoder/diffusion_pytorch_model.safetensors', safetensorsFile(poseEncoderTensors(pose))],
    ['scheduler/scheduler_config.json', jsonFile(SCHEDULER)],
  ]);
  const made = new Map(await exportToMemory(memoryFolder(directory, files), precision));
  return made.set('io.safetensors', new Uint8Array(readFileSync(join(directory, 'io.safetensors'))));
}

function part(weights: TensorFile, holds: (name: string) => boolean): Uint8Array<ArrayBuffer> {
  const own = [...weights].filter(([name]) => holds(name));
  const specs = own.map(([name, { shape, dtype }]) => ({ name, shape, dtype: dtype as FloatType }));
  return concat([safetensorsHeader(specs), ...own.map(([, { bytes }]) => bytes)]);
}
