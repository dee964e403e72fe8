import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unetTensors } from '../../tools/diffusers-tensors.ts';
import { stableDiffusionUNet } from '../../tools/generate-checkpoint.ts';
import { listOf, publishedTensors } from '../../tools/published-names.ts';
import { TensorUnexpectedError, UnknownArchitectureError } from '../onnx/errors.ts';
import { planMotion } from '../onnx/motion.ts';
import { planUNet } from '../onnx/unet.ts';
import { checkpointOf } from './checkpoint.ts';
import { expectTensors } from './export.ts';
import { motionConfigOf, presentMotionName } from './motion-names.ts';
import { plainFile } from './plain-names.ts';
import { recognize, refuseAccessories } from './recognize.ts';
import type { TensorFile } from './tensor-file.ts';

type List = ReadonlyMap<string, readonly number[]>;

const published = (name: string): List =>
  new Map(
    gunzipSync(readFileSync(`fixtures/names/${name}.txt.gz`))
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [tensor = '', shape = ''] = line.split(' ');
        return [tensor, shape.split('x').map(Number)];
      }),
  );

const fileOf = (list: List, path: string): TensorFile =>
  plainFile({
    path,
    tensors: new Map([...list].map(([name, shape]) => [name, { shape, dtype: 'F32' }])),
    read: async () => new Uint8Array(),
  });

const UNET = stableDiffusionUNet([320, 640, 1280, 1280]);

/** That every tensor of a U-Net and of these modules has its place, and no other is asked for. */
function expectMapped(list: List): void {
  const motion = fileOf(list, 'motion.ckpt');
  const config = motionConfigOf(motion.tensors);
  const plans = planMotion(config).modules.map(({ plan }) => plan);
  // The frames' segments have no weights of theirs.
  expectTensors('U-Net', planUNet(UNET, config).segments, checkpointOf([fileOf(unetTensors(UNET), 'unet')]));
  const temporal = checkpointOf([motion], presentMotionName);
  expectTensors('motion module', plans, temporal);
}

describe.each([
  ['animatediff-v1', 20, { motion_max_seq_length: 24, use_motion_mid_block: false, norm_each_frame: true }],
  ['animatediff-v2', 21, { motion_max_seq_length: 32, use_motion_mid_block: true, norm_each_frame: true }],
  ['animatediff-v3', 20, { motion_max_seq_length: 32, use_motion_mid_block: false, norm_each_frame: true }],
  ['animatediff-v2-diffusers', 21, { motion_max_seq_length: 32, norm_each_frame: false }],
  ['animate-anyone-motion-module', 21, { motion_max_seq_length: 32, norm_each_frame: true }],
] as const)('motion modules as they are published: %s', (name, modules, told) => {
  const list = published(name);

  it('are the list that the fixture holds', () => {
    expect(listOf(list as Map<string, number[]>)).toBe(listOf(publishedTensors().get(name)!));
  });

  it('tell their config', () => {
    const config = motionConfigOf(fileOf(list, name).tensors);
    expect(config).toMatchObject({
      ...told,
      block_out_channels: [320, 640, 1280, 1280],
      motion_layers_per_block: [2, 2, 2, 2],
    });
    expect(planMotion(config).modules).toHaveLength(modules);
    expect(planUNet(UNET, config).cuts).toHaveLength(16 + modules);
  });

  it('are all mapped', () => {
    expectMapped(list);
    expectMapped(new Map([...list].map(([tensor, shape]) => [`module.${tensor}`, shape])));
  });

  it('an unknown tensor is named', () => {
    const stranger = 'up_blocks.3.motion_modules.1.temporal_transformer.lora.weight';
    expect(() => expectMapped(new Map([...list, [stranger, [4, 4]]]))).toThrow(TensorUnexpectedError);
    expect(() => expectMapped(new Map([...list, [stranger, [4, 4]]]))).toThrow(
      'up_blocks.3.motion_modules.1.lora.weight',
    );
  });

  it('are no model alone', () => {
    expect(recognize(fileOf(list, name).tensors)).toBe('motion-module');
    expect(() => refuseAccessories(fileOf(list, name))).toThrow('motion modules alone');
  });
});

it('what has no motion modules is said by its tensors', () => {
  const tensors = fileOf(new Map([['conv.weight', [3, 3]]]), 'x').tensors;
  expect(() => motionConfigOf(tensors)).toThrow(UnknownArchitectureError);
  expect(() => motionConfigOf(tensors)).toThrow('conv.weight');
});

it('modules of another U-Net are refused', () => {
  const { tensors } = fileOf(published('animatediff-v2'), 'x');
  expect(() => planUNet(stableDiffusionUNet([32, 64]), motionConfigOf(tensors))).toThrow(
    'is 320 channels wide and the U-Net 32',
  );
});
