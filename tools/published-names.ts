/**
 * The names, types and shapes of every tensor in checkpoints that people publish and will bring, from the configs that
 * come with them: Stable Diffusion 1.5 and 2.1, AnimateAnyone as Moore Threads publishes it, AnimateDiff's motion modules,
 * the openpose ControlNet.
 * Each list becomes a compressed text in fixtures/names, one tensor a line.
 *   node --import tsx tools/published-names.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { planAutoencoder } from '../src/onnx/autoencoder.ts';
import { poseEncoderTensors, type Tensors, unetTensors } from './diffusers-tensors.ts';
import { POSE_ENCODER, stableDiffusionUNet } from './generate-checkpoint.ts';
import { ldmTensors, STABLE_DIFFUSION_15 } from './ldm-tensors.ts';

const WIDTHS = [320, 640, 1280, 1280];
const UNET = stableDiffusionUNet(WIDTHS);
const UNET_21 = {
  ...stableDiffusionUNet(WIDTHS, [5, 10, 20, 20]),
  cross_attention_dim: 1024,
  use_linear_projection: true,
};
const KL = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [128, 256, 512, 512],
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
};

/** By the name of the file that is published. */
export function publishedTensors(): ReadonlyMap<string, Tensors> {
  const ldm15 = ldmTensors(STABLE_DIFFUSION_15);
  const ldm21 = ldmTensors({ ...STABLE_DIFFUSION_15, context: 1024, isLinear: true });
  return new Map<string, Tensors>([
    ['v1-5-pruned', join(ldm15, clipText('cond_stage_model.transformer.'), tables(), averaged(ldm15))],
    ['v1-5-pruned-emaonly', join(ldm15, clipText('cond_stage_model.transformer.'), tables(), counters())],
    ['v1-5-unet', unetTensors(UNET)],
    ['v1-5-vae', beforeAttentionWasRenamed(klTensors())],
    ['v1-5-text-encoder', clipText('')],
    ['v2-1-768-ema-pruned', join(ldm21, openClipText(), tables(), counters())],
    ['v2-1-unet', unetTensors(UNET_21)],
    ['animate-anyone-denoising-unet', unetTensors(UNET)],
    ['animate-anyone-reference-unet', withoutEnd(unetTensors(UNET))],
    ['animate-anyone-pose-guider', poseEncoderTensors(POSE_ENCODER)],
    ['animate-anyone-motion-module', motionModules({ frames: 32, inMiddle: true })],
    ['animatediff-v1', motionModules({ frames: 24, inMiddle: false })],
    ['animatediff-v2', motionModules({ frames: 32, inMiddle: true })],
    ['animatediff-v3', motionModules({ frames: 32, inMiddle: false })],
    ['animatediff-v2-diffusers', adapterNames(motionModules({ frames: 32, inMiddle: true }))],
    ['control-v11p-openpose', controlNet()],
    ['control-v11p-openpose-diffusers', diffusersControlNet()],
  ]);
}

const join = (...all: readonly Tensors[]): Tensors => new Map(all.flatMap((tensors) => [...tensors]));
const renamed = (tensors: Tensors, rename: (name: string) => string): Tensors =>
  new Map([...tensors].map(([name, shape]) => [rename(name), shape]));
const withoutEnd = (tensors: Tensors): Tensors =>
  new Map([...tensors].filter(([name]) => !/^conv_(norm_)?out\./.test(name)));

function klTensors(): Tensors {
  const { encoder, decoder } = planAutoencoder(KL);
  const weights = [encoder, decoder].flatMap((plan) => plan.weights);
  return new Map(weights.map(({ name, shape }) => [name, shape]));
}

/** As files of before diffusers 0.15 have it, the published ones among them. */
const beforeAttentionWasRenamed = (tensors: Tensors): Tensors =>
  renamed(tensors, (name) =>
    name
      .replace(/\.to_q\./, '.query.')
      .replace(/\.to_k\./, '.key.')
      .replace(/\.to_v\./, '.value.')
      .replace(/\.to_out\.0\./, '.proj_attn.'),
  );

/** The schedule's constants, which training code saves with the weights. */
function tables(): Tensors {
  const names = [
    ...['betas', 'alphas_cumprod', 'alphas_cumprod_prev', 'sqrt_alphas_cumprod'],
    ...['sqrt_one_minus_alphas_cumprod', 'log_one_minus_alphas_cumprod', 'sqrt_recip_alphas_cumprod'],
    ...['sqrt_recipm1_alphas_cumprod', 'posterior_variance', 'posterior_log_variance_clipped'],
    ...['posterior_mean_coef1', 'posterior_mean_coef2'],
  ];
  return new Map(names.map((name) => [name, [1000]]));
}

const counters = (): Tensors =>
  new Map([
    ['model_ema.decay', []],
    ['model_ema.num_updates', []],
  ]);

/** The averaged copy of the U-Net, under its names without their dots. */
function averaged(ldm: Tensors): Tensors {
  const unet = [...ldm].filter(([name]) => name.startsWith('model.'));
  const inOneWord = (name: string) => `model_ema.${name.slice('model.'.length).replaceAll('.', '')}`;
  return join(renamed(new Map(unet), inOneWord), counters());
}

/** CLIP's text encoder, ViT-L/14. */
function clipText(prefix: string): Tensors {
  const tensors = new Map<string, readonly number[]>();
  const put = (name: string, ...shape: number[]) => tensors.set(`${prefix}text_model.${name}`, shape);
  const both = (name: string, from: number, to: number) => {
    put(`${name}.weight`, to, from);
    put(`${name}.bias`, to);
  };
  const norm = (name: string) => {
    put(`${name}.weight`, 768);
    put(`${name}.bias`, 768);
  };
  put('embeddings.position_ids', 1, 77);
  put('embeddings.token_embedding.weight', 49408, 768);
  put('embeddings.position_embedding.weight', 77, 768);
  for (let i = 0; i < 12; i++) {
    const layer = `encoder.layers.${i}`;
    for (const part of ['k', 'v', 'q', 'out']) both(`${layer}.self_attn.${part}_proj`, 768, 768);
    norm(`${layer}.layer_norm1`);
    both(`${layer}.mlp.fc1`, 768, 3072);
    both(`${layer}.mlp.fc2`, 3072, 768);
    norm(`${layer}.layer_norm2`);
  }
  norm('final_layer_norm');
  return tensors;
}

/** OpenCLIP's text encoder, ViT-H/14. */
function openClipText(): Tensors {
  const tensors = new Map<string, readonly number[]>();
  const put = (name: string, ...shape: number[]) => tensors.set(`cond_stage_model.model.${name}`, shape);
  put('positional_embedding', 77, 1024);
  put('text_projection', 1024, 1024);
  put('logit_scale');
  put('token_embedding.weight', 49408, 1024);
  for (let i = 0; i < 24; i++) {
    const block = `transformer.resblocks.${i}`;
    put(`${block}.attn.in_proj_weight`, 3072, 1024);
    put(`${block}.attn.in_proj_bias`, 3072);
    put(`${block}.attn.out_proj.weight`, 1024, 1024);
    put(`${block}.attn.out_proj.bias`, 1024);
    put(`${block}.mlp.c_fc.weight`, 4096, 1024);
    put(`${block}.mlp.c_fc.bias`, 4096);
    put(`${block}.mlp.c_proj.weight`, 1024, 4096);
    put(`${block}.mlp.c_proj.bias`, 1024);
    for (const norm of ['ln_1', 'ln_2'])
      for (const part of ['weight', 'bias']) put(`${block}.${norm}.${part}`, 1024);
  }
  for (const part of ['weight', 'bias']) put(`ln_final.${part}`, 1024);
  return tensors;
}

/** Two layers deep in every block of the way down, three in those of the way up, one in the middle. */
export function motionModules(
  { frames, inMiddle }: { frames: number; inMiddle: boolean },
  widths: readonly number[] = WIDTHS,
): Tensors {
  const tensors = new Map<string, readonly number[]>();
  const module = (place: string, width: number) => {
    const put = (name: string, ...shape: number[]) =>
      tensors.set(`${place}.temporal_transformer.${name}`, shape);
    const linear = (name: string, from: number, to: number) => {
      put(`${name}.weight`, to, from);
      put(`${name}.bias`, to);
    };
    const norm = (name: string) => {
      put(`${name}.weight`, width);
      put(`${name}.bias`, width);
    };
    norm('norm');
    linear('proj_in', width, width);
    const block = 'transformer_blocks.0';
    for (const i of [0, 1]) {
      const attention = `${block}.attention_blocks.${i}`;
      for (const part of ['to_q', 'to_k', 'to_v']) put(`${attention}.${part}.weight`, width, width);
      linear(`${attention}.to_out.0`, width, width);
      put(`${attention}.pos_encoder.pe`, 1, frames, width);
      norm(`${block}.norms.${i}`);
    }
    linear(`${block}.ff.net.0.proj`, width, width * 8);
    linear(`${block}.ff.net.2`, width * 4, width);
    norm(`${block}.ff_norm`);
    linear('proj_out', width, width);
  };
  widths.forEach((width, i) => {
    for (const j of [0, 1]) module(`down_blocks.${i}.motion_modules.${j}`, width);
  });
  if (inMiddle) module('mid_block.motion_modules.0', widths.at(-1) as number);
  [...widths].reverse().forEach((width, i) => {
    for (const j of [0, 1, 2]) module(`up_blocks.${i}.motion_modules.${j}`, width);
  });
  return tensors;
}

/** As diffusers' MotionAdapter saves them. */
function adapterNames(original: Tensors): Tensors {
  const names = new Map<string, readonly number[]>();
  for (const [name, shape] of original) {
    if (name.includes('attention_blocks.1.pos_encoder')) continue;
    const present = name
      .replace('.temporal_transformer', '')
      .replace('attention_blocks.0.pos_encoder', 'pos_embed')
      .replace(/attention_blocks\.(\d)/, (_, i: string) => `attn${Number(i) + 1}`)
      .replace(/norms\.(\d)/, (_, i: string) => `norm${Number(i) + 1}`)
      .replace('ff_norm', 'norm3');
    names.set(present, shape);
  }
  return names;
}

/** What a ControlNet adds to its copy of the U-Net's way down: a layer to every place where it hands something over. */
const ZERO_WIDTHS = [320, 320, 320, 320, 640, 640, 640, 1280, 1280, 1280, 1280, 1280];

/** Under its authors' names: the U-Net's first half, the layers that see the hint, and those that hand over. */
function controlNet(): Tensors {
  const half = [...ldmTensors(STABLE_DIFFUSION_15)].flatMap(([name, shape]) => {
    const inside = name.replace('model.diffusion_model.', '');
    return /^(time_embed|input_blocks|middle_block)\./.test(inside)
      ? [[`control_model.${inside}`, shape] as const]
      : [];
  });
  const tensors = new Map<string, readonly number[]>(half);
  const hint = [...poseEncoderTensors(POSE_ENCODER).values()];
  hint.forEach((shape, i) => {
    tensors.set(`control_model.input_hint_block.${i - (i % 2)}.${i % 2 === 0 ? 'weight' : 'bias'}`, shape);
  });
  const zero = (name: string, width: number) => {
    tensors.set(`control_model.${name}.weight`, [width, width, 1, 1]);
    tensors.set(`control_model.${name}.bias`, [width]);
  };
  ZERO_WIDTHS.forEach((width, i) => {
    zero(`zero_convs.${i}.0`, width);
  });
  zero('middle_block_out.0', 1280);
  return tensors;
}

function diffusersControlNet(): Tensors {
  const half = [...unetTensors(UNET)].filter(([name]) => !/^(up_blocks|conv_norm_out|conv_out)\./.test(name));
  const hint = renamed(poseEncoderTensors(POSE_ENCODER), (name) => `controlnet_cond_embedding.${name}`);
  const tensors = new Map([...half, ...hint]);
  const zero = (name: string, width: number) => {
    tensors.set(`${name}.weight`, [width, width, 1, 1]);
    tensors.set(`${name}.bias`, [width]);
  };
  ZERO_WIDTHS.forEach((width, i) => {
    zero(`controlnet_down_blocks.${i}`, width);
  });
  zero('controlnet_mid_block', 1280);
  return tensors;
}

/** The list as its fixture holds it. */
export function listOf(tensors: Tensors): string {
  const lines = [...tensors].map(([name, shape]) => `${name} ${shape.join('x')}\n`);
  return lines.sort().join('');
}

if (import.meta.filename === process.argv[1]) {
  mkdirSync('fixtures/names', { recursive: true });
  for (const [name, tensors] of publishedTensors())
    writeFileSync(`fixtures/names/${name}.txt.gz`, gzipSync(listOf(tensors), { level: 9 }));
}
