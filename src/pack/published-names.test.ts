import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { POSE_ENCODER } from '../../tools/generate-checkpoint.ts';
import { listOf, publishedTensors } from '../../tools/published-names.ts';
import { planAutoencoder } from '../onnx/autoencoder.ts';
import { presentAutoencoderName } from '../onnx/autoencoder-kl.ts';
import { TensorUnexpectedError } from '../onnx/errors.ts';
import { planPoseEncoder } from '../onnx/pose-encoder.ts';
import { planReferenceNet, planUNet } from '../onnx/unet.ts';
import { poseEncoderConfigOf } from './animate-anyone.ts';
import { checkpointOf } from './checkpoint.ts';
import { poseEncoderIn } from './controlnet.ts';
import { UnsupportedWeightsError } from './errors.ts';
import { expectTensors } from './export.ts';
import { plainFile } from './plain-names.ts';
import { recognize, refuseAccessories, refuseOthers } from './recognize.ts';
import { readStableDiffusion } from './stable-diffusion.ts';
import type { TensorFile } from './tensor-file.ts';
import { unetConfigOf } from './unet-config.ts';

type List = ReadonlyMap<string, readonly number[]>;

/** A checkpoint's list of names and shapes, as the fixture holds it. */
function published(name: string): List {
  const text = gunzipSync(readFileSync(`fixtures/names/${name}.txt.gz`)).toString();
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [tensor = '', shape = ''] = line.split(' ');
        return [tensor, shape === '' ? [] : shape.split('x').map(Number)];
      }),
  );
}

/** A file of these tensors, as it is opened; nothing of their values is ever read. */
const fileOf = (list: List, path = 'model.ckpt'): TensorFile =>
  plainFile({
    path,
    tensors: new Map(
      [...list].map(([name, shape]) => [
        name,
        { shape, dtype: /position_ids|num_updates/.test(name) ? 'I64' : 'F32' },
      ]),
    ),
    read: async () => new Uint8Array(),
  });

const prefixed = (list: List, prefix: string): List =>
  new Map([...list].map(([name, shape]) => [prefix + name, shape]));
const including = (list: List, name: string): List => new Map([...list, [name, [320]]]);

/** That each of a U-Net's tensors has its place under a config that only the shapes told. */
function expectUNet(file: TensorFile): void {
  const config = unetConfigOf(file.tensors, file.path)!;
  expectTensors('U-Net', planUNet(config).segments, checkpointOf([file]));
}

describe('the lists of published names', () => {
  it('are what the published configs come to', () => {
    for (const [name, tensors] of publishedTensors())
      expect(listOf(tensors)).toBe(gunzipSync(readFileSync(`fixtures/names/${name}.txt.gz`)).toString());
  });
});

describe.each([
  ['v1-5-pruned', 1831, { linear: false, heads: 8 }],
  ['v1-5-pruned-emaonly', 1145, { linear: false, heads: 8 }],
  ['v2-1-768-ema-pruned', 1242, { linear: true, heads: [5, 10, 20, 20] }],
])('%s, in one file', (name, count, { linear, heads }) => {
  const list = published(name);
  const file = fileOf(list);
  const { unet, autoencoder, notes } = readStableDiffusion(file)!;

  it('is all mapped or said to be left out', () => {
    expect(list.size).toBe(count);
    expectTensors('U-Net', planUNet(unet.config).segments, unet.weights);
    const { encoder, decoder } = planAutoencoder(autoencoder!.config);
    expectTensors('autoencoder', [encoder, decoder], autoencoder!.weights);
    const left = notes.reduce((sum, note) => sum + Number(/\(tensors: (\d+)\)/.exec(note)?.[1]), 0);
    const counters = [...list.keys()].filter((each) => each.endsWith('position_ids')).length;
    expect(686 + 248 + left + counters).toBe(count);
    expect(unet.config).toMatchObject({ use_linear_projection: linear, attention_head_dim: heads });
  });

  it.each(['cond_stage.extra.weight', 'model.diffusion_model.input_blocks.1.0.extra.weight'])(
    'names a tensor that is not known: %s',
    (stranger) => {
      const read = () => {
        const found = readStableDiffusion(fileOf(including(list, stranger)))!;
        expectTensors('U-Net', planUNet(found.unet.config).segments, found.unet.weights);
      };
      expect(read).toThrow(TensorUnexpectedError);
      expect(read).toThrow(/extra\.weight/);
    },
  );
});

describe('the U-Net of', () => {
  it.each(['v1-5-unet', 'v2-1-unet', 'animate-anyone-denoising-unet'])('%s is all mapped', (name) => {
    const list = published(name);
    expectUNet(fileOf(list));
    expect(() => expectUNet(fileOf(including(list, 'conv_inn.bias')))).toThrow('conv_inn.bias');
  });

  it.each(['module.', 'model.', 'module.model.', '_orig_mod.'])(
    'a wrapper under %s is the same',
    (prefix) => {
      expectUNet(fileOf(prefixed(published('v1-5-unet'), prefix)));
    },
  );

  it('an export of its own, without or with its outer name', () => {
    const inner = new Map(
      [...published('v1-5-pruned-emaonly')].flatMap(([name, shape]) =>
        name.startsWith('model.diffusion_model.') ? [[name.slice(22), shape] as const] : [],
      ),
    );
    for (const prefix of ['', 'diffusion_model.', 'model.diffusion_model.']) {
      const { unet, autoencoder } = readStableDiffusion(fileOf(prefixed(inner, prefix)))!;
      expectTensors('U-Net', planUNet(unet.config).segments, unet.weights);
      expect(autoencoder).toBeUndefined();
    }
  });

  it.each([
    [9, 'inpainting'],
    [8, 'InstructPix2Pix'],
    [5, 'depth map'],
  ])('%d input channels is named', (channels, word) => {
    const list = new Map(published('v1-5-unet')).set('conv_in.weight', [320, channels, 3, 3]);
    expect(() => expectUNet(fileOf(list))).toThrow(word);
  });

  it('a video model is known without its motion modules, which are said to be left out', () => {
    const unet = published('animate-anyone-denoising-unet');
    const file = fileOf(new Map([...unet, ...published('animate-anyone-motion-module')]));
    expectUNet(file);
    expect(file.notes).toEqual([expect.stringMatching(/motion modules.*\(tensors: 588\)/)]);
  });

  it('a training run with an averaged copy beside it says so', () => {
    const unet = published('v1-5-unet');
    const file = fileOf(new Map([...unet, ...prefixed(unet, 'ema.')]));
    expectUNet(file);
    expect(file.notes).toEqual([expect.stringMatching(/averaged copy.*\(tensors: 686\)/)]);
  });
});

describe("AnimateAnyone's", () => {
  it('reference net is all mapped, though it has no last layer', () => {
    const file = fileOf(published('animate-anyone-reference-unet'));
    const { segments, spare } = planReferenceNet(unetConfigOf(file.tensors, '')!);
    const own = segments.map((segment) => ({
      ...segment,
      weights: segment.weights.filter(({ name }) => !name.startsWith('denoiser.')),
    }));
    const isSpare = (name: string) => spare.has(name);
    expectTensors('reference net', own, checkpointOf([file]), isSpare);
  });

  it('pose guider tells its config', () => {
    const file = fileOf(published('animate-anyone-pose-guider'));
    const config = poseEncoderConfigOf(file.tensors);
    expect(config).toMatchObject(POSE_ENCODER);
    expectTensors('pose encoder', [planPoseEncoder(config)], checkpointOf([file]));
  });

  it('motion modules are no model', () => {
    const motion = fileOf(published('animate-anyone-motion-module'));
    expect(() => refuseAccessories(motion)).toThrow('motion modules alone');
  });
});

it("the autoencoder's older names are all mapped", () => {
  const file = fileOf(published('v1-5-vae'));
  const config = readStableDiffusion(fileOf(published('v1-5-pruned')))!.autoencoder!.config;
  const { encoder, decoder } = planAutoencoder(config);
  expectTensors('autoencoder', [encoder, decoder], checkpointOf([file], presentAutoencoderName));
});

describe.each(['control-v11p-openpose', 'control-v11p-openpose-diffusers'])('the ControlNet %s', (name) => {
  const file = fileOf(published(name), 'control.pth');

  it('has a pose encoder in it, and the rest is said to be left out', () => {
    const weights = poseEncoderIn([file]);
    const config = poseEncoderConfigOf(weights.tensors);
    expect(config).toMatchObject(POSE_ENCODER);
    expectTensors('pose encoder', [planPoseEncoder(config)], weights);
    expect(weights.notes).toEqual([expect.stringContaining('(tensors: 324)')]);
  });

  it('is no model by itself', () => {
    expect(() => refuseAccessories(file)).toThrow('a ControlNet');
  });
});

describe('what is no model is said by its name:', () => {
  it.each([
    ['a LoRA', 'lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight'],
    ['a LoRA', 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight'],
    ['a LoRA', 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight'],
    ['Stable Diffusion XL', 'conditioner.embedders.0.model.logit_scale'],
    ['Stable Diffusion XL', 'model.diffusion_model.label_emb.0.0.weight'],
    ['Stable Diffusion XL', 'add_embedding.linear_1.weight'],
    ['Stable Diffusion 3', 'model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight'],
    ['Flux', 'double_blocks.0.img_attn.qkv.weight'],
    ['IP-Adapter', 'image_proj.proj.weight'],
    ['a text encoder', 'text_model.final_layer_norm.weight'],
    ['textual inversion', 'emb_params'],
  ])('%s', (words, name) => {
    const attempt = () => refuseOthers(fileOf(new Map([[name, [8, 8]]])));
    expect(attempt).toThrow(UnsupportedWeightsError);
    expect(attempt).toThrow(words);
  });

  it('and what is not known at all is not refused here', () => {
    expect(recognize(fileOf(new Map([['something.else', [1]]])).tensors)).toBeUndefined();
  });
});
