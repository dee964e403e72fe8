import { describe, expect, it } from 'vitest';
import { poseEncoderTensors, type Tensors } from '../../tools/diffusers-tensors.ts';
import { SCHEDULER } from '../../tools/generate-checkpoint.ts';
import { type LdmShape, ldmTensors, STABLE_DIFFUSION_15 } from '../../tools/ldm-tensors.ts';
import { exportToMemory, manifestOf, memoryFolder } from '../../tools/memory-pack.ts';
import { jsonFile, randomFloats, safetensorsFile, sha256 } from '../../tools/random-weights.ts';
import { torchTensors } from '../../tools/torch-files.ts';
import { planAutoencoder } from '../onnx/autoencoder.ts';
import { TensorMissingError, TensorUnexpectedError } from '../onnx/errors.ts';
import { tensorIndexOf } from '../onnx/safetensors.ts';
import { planUNet } from '../onnx/unet.ts';
import { checkPack } from './check.ts';
import { UnsupportedWeightsError, WeightsNotFoundError } from './errors.ts';
import { expectTensors, exportPack } from './export.ts';
import { refuseOthers } from './recognize.ts';
import { readStableDiffusion } from './stable-diffusion.ts';
import type { TensorFile } from './tensor-file.ts';

/** Names alone, with the rank of each tensor as its content, so that a file of gigabytes needs no values. */
function fileOf(tensors: Tensors): TensorFile {
  const names = [...tensors.keys()];
  return {
    path: 'model.ckpt',
    tensors: new Map([...tensors].map(([name, shape]) => [name, { shape, dtype: 'F16' }])),
    read: async (name) => Uint8Array.of(names.indexOf(name) & 255, names.indexOf(name) >> 8),
  };
}

const TEXT_ENCODER = 'cond_stage_model.transformer.text_model.final_layer_norm.weight';
const PUBLISHED: Tensors = new Map([
  ...ldmTensors(STABLE_DIFFUSION_15),
  [TEXT_ENCODER, [768]],
  ['model_ema.decay', []],
  ['model_ema.diffusion_modelinput_blocks00weight', [320, 4, 3, 3]],
  ['betas', [1000]],
  ['alphas_cumprod_prev', [1000]],
  ['sqrt_recipm1_alphas_cumprod', [1000]],
  ['posterior_mean_coef2', [1000]],
]);

describe("Stable Diffusion 1.5's one file", () => {
  const file = fileOf(PUBLISHED);
  const { unet, autoencoder, notes } = readStableDiffusion(file)!;

  it("is all of diffusers' U-Net and autoencoder", () => {
    expect(unet.weights.tensors.size).toBe(686);
    expect(autoencoder!.weights.tensors.size).toBe(248);
    expectTensors('U-Net', planUNet(unet.config).segments, unet.weights);
    const { encoder, decoder } = planAutoencoder(autoencoder!.config);
    expectTensors('autoencoder', [encoder, decoder], autoencoder!.weights);
  });

  it('tells the configs from its shapes', () => {
    expect(unet.config).toMatchObject({
      block_out_channels: [320, 640, 1280, 1280],
      layers_per_block: [2, 2, 2, 2],
      cross_attention_dim: 768,
      attention_head_dim: 8,
      use_linear_projection: false,
      down_block_types: [
        'CrossAttnDownBlock2D',
        'CrossAttnDownBlock2D',
        'CrossAttnDownBlock2D',
        'DownBlock2D',
      ],
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
    });
    expect(autoencoder!.config).toMatchObject({
      block_out_channels: [128, 256, 512, 512],
      layers_per_block: 2,
      latent_channels: 4,
    });
  });

  // Pairs of tensors of equal shape could be swapped without any shape telling.
  it.each([
    ['model.diffusion_model.time_embed.2.bias', 'time_embedding.linear_2.bias'],
    ['model.diffusion_model.input_blocks.1.0.in_layers.0.weight', 'down_blocks.0.resnets.0.norm1.weight'],
    ['model.diffusion_model.input_blocks.1.0.out_layers.0.weight', 'down_blocks.0.resnets.0.norm2.weight'],
    ['model.diffusion_model.input_blocks.2.0.in_layers.2.weight', 'down_blocks.0.resnets.1.conv1.weight'],
    ['model.diffusion_model.input_blocks.2.0.out_layers.3.weight', 'down_blocks.0.resnets.1.conv2.weight'],
    ['model.diffusion_model.input_blocks.6.0.op.weight', 'down_blocks.1.downsamplers.0.conv.weight'],
    ['model.diffusion_model.middle_block.2.emb_layers.1.bias', 'mid_block.resnets.1.time_emb_proj.bias'],
    ['model.diffusion_model.output_blocks.2.1.conv.weight', 'up_blocks.0.upsamplers.0.conv.weight'],
    ['model.diffusion_model.output_blocks.5.2.conv.bias', 'up_blocks.1.upsamplers.0.conv.bias'],
    ['model.diffusion_model.output_blocks.5.1.proj_out.weight', 'up_blocks.1.attentions.2.proj_out.weight'],
    [
      'model.diffusion_model.output_blocks.11.0.skip_connection.weight',
      'up_blocks.3.resnets.2.conv_shortcut.weight',
    ],
    ['model.diffusion_model.out.0.bias', 'conv_norm_out.bias'],
    ['first_stage_model.encoder.mid.attn_1.k.weight', 'encoder.mid_block.attentions.0.to_k.weight'],
    ['first_stage_model.encoder.mid.block_2.norm1.weight', 'encoder.mid_block.resnets.1.norm1.weight'],
    ['first_stage_model.decoder.up.3.block.2.conv2.weight', 'decoder.up_blocks.0.resnets.2.conv2.weight'],
    ['first_stage_model.decoder.up.2.upsample.conv.weight', 'decoder.up_blocks.1.upsamplers.0.conv.weight'],
    [
      'first_stage_model.encoder.down.1.block.0.nin_shortcut.bias',
      'encoder.down_blocks.1.resnets.0.conv_shortcut.bias',
    ],
  ])('%s', async (stored, name) => {
    const { weights } = stored.startsWith('first') ? autoencoder! : unet;
    expect((await weights.read(name)).bytes).toEqual(await file.read(stored));
  });

  it('says what it leaves out', () => {
    expect(notes).toEqual([
      'Left out of model.ckpt: the text encoder (tensors: 1).',
      'Left out of model.ckpt: the averaged copy of the weights, model_ema (tensors: 2).',
      "Left out of model.ckpt: the noise schedule's tables (tensors: 4).",
    ]);
  });

  it('must hold nothing that is not known', () => {
    const including = (name: string) => fileOf(new Map([...PUBLISHED, [name, [320]]]));
    expect(() => readStableDiffusion(including('lora.up.weight'))).toThrow(
      expect.objectContaining({ constructor: TensorUnexpectedError, tensors: ['lora.up.weight'] }),
    );
    const found = readStableDiffusion(including('model.diffusion_model.input_blocks.1.0.extra.weight'))!;
    expect(() => expectTensors('U-Net', planUNet(found.unet.config).segments, found.unet.weights)).toThrow(
      'down_blocks.0.resnets.0.extra.weight',
    );
  });

  it.each([
    ['Stable Diffusion XL', 'conditioner.embedders.0.transformer.text_model.embeddings.position_ids'],
    ['Stable Diffusion XL', 'model.diffusion_model.label_emb.0.0.weight'],
    ['Stable Diffusion 3', 'model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight'],
    ['Flux', 'double_blocks.0.img_attn.qkv.weight'],
  ])('of another family is refused by its name: %s', (family, name) => {
    const attempt = () => refuseOthers(fileOf(new Map([[name, [8]]])));
    expect(attempt).toThrow(UnsupportedWeightsError);
    expect(attempt).toThrow(family);
  });

  it('of other tokens is refused', () => {
    const attempt = () => readStableDiffusion(fileOf(ldmTensors({ ...STABLE_DIFFUSION_15, context: 2048 })));
    expect(attempt).toThrow('2048 wide');
  });

  it('of Stable Diffusion 2 has heads of 64, and needs a scheduler config', () => {
    const found = readStableDiffusion(fileOf(ldmTensors({ ...STABLE_DIFFUSION_15, context: 1024 })))!;
    expect(found.unet.config.attention_head_dim).toEqual([5, 10, 20, 20]);
  });

  it('may be any file', () => {
    expect(readStableDiffusion(fileOf(new Map([['conv_in.weight', [320, 4, 3, 3]]])))).toBeUndefined();
  });
});

describe('a small one', () => {
  const SMALL: LdmShape = {
    width: 32,
    multiples: [1, 2],
    attends: [true, false],
    context: 768,
    vaeWidth: 32,
    vaeMultiples: [1, 1],
  };
  const tensors = ldmTensors(SMALL);
  const pose = { conditioning_embedding_channels: 32, conditioning_channels: 3, block_out_channels: [4, 8] };
  const poseFile = torchTensors(poseEncoderTensors(pose), (bytes) => randomFloats(bytes, 'F32', 3));

  it('becomes a pack with the pose guider beside it, the same from .ckpt as from .safetensors', async () => {
    const notes: string[] = [];
    const packs = [];
    for (const [name, bytes] of [
      ['sd.safetensors', sameValues(tensors)],
      ['sd.ckpt', torchTensors(tensors, (length) => randomFloats(length, 'F32', length))],
    ] as const) {
      const files = new Map([
        [name, bytes],
        ['pose_guider.pth', poseFile],
      ]);
      packs.push(await exportToMemory(memoryFolder('memory', files), 'f16', name));
      await exportPack(memoryFolder('memory', files), nowhere, {
        precision: 'f16',
        file: name,
        onNote: (note) => notes.push(note),
      });
    }
    const [safe, torch] = packs as [(typeof packs)[0], (typeof packs)[0]];
    expect(await checkPack(memoryFolder('memory', safe), sha256)).toEqual([]);
    expect(manifestOf(torch).files).toEqual(manifestOf(safe).files);
    expect(manifestOf(safe).configs.poseEncoder.block_out_channels).toEqual([4, 8]);
    expect(manifestOf(safe).encoder).toBeDefined();
    expect(notes[0]).toContain("Stable Diffusion 1's own is assumed");
  });

  it('needs a pose encoder', async () => {
    const attempt = exportToMemory(
      memoryFolder('memory', new Map([['sd.safetensors', sameValues(tensors)]])),
      'f16',
      'sd.safetensors',
    );
    await expect(attempt).rejects.toThrow(WeightsNotFoundError);
    await expect(attempt).rejects.toThrow('pose encoder');
  });

  it('lacks a tensor by its name', async () => {
    const less = new Map(tensors);
    less.delete('model.diffusion_model.input_blocks.2.0.in_layers.0.weight');
    const files = new Map([
      ['sd.safetensors', safetensorsFile(less)],
      ['pose_guider.pth', poseFile],
      ['scheduler_config.json', jsonFile(SCHEDULER)],
    ]);
    await expect(exportToMemory(memoryFolder('memory', files), 'f16', 'sd.safetensors')).rejects.toThrow(
      expect.objectContaining({
        constructor: TensorMissingError,
        tensors: ['down_blocks.0.resnets.1.norm1.weight'],
      }),
    );
  });
});

const nowhere = {
  async write(_: string, chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) {
    for await (const _chunk of chunks);
    return { bytes: 0, sha256: '' };
  },
};

/** Every tensor's values depend on its length alone, as in the PyTorch file. */
function sameValues(tensors: Tensors): Uint8Array<ArrayBuffer> {
  const file = safetensorsFile(tensors);
  for (const { offset, bytes } of tensorIndexOf(file, '').values())
    file.set(randomFloats(bytes, 'F32', bytes), offset);
  return file;
}
