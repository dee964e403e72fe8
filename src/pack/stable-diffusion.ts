import type { AutoencoderConfig, SchedulerConfig, UNetConfig } from '../onnx/configs.ts';
import { TensorUnexpectedError } from '../onnx/errors.ts';
import { type Checkpoint, checkpointOf } from './checkpoint.ts';
import { recognize } from './recognize.ts';
import type { TensorFile, TensorInfo } from './tensor-file.ts';
import { type Level, stableDiffusionConfig } from './unet-config.ts';

/**
 * Stable Diffusion in the one file that its authors' own code writes (.ckpt, or the same as .safetensors): its U-Net
 * and its autoencoder under the names that diffusers gives them, with configs told from the tensors' shapes.
 */
export interface StableDiffusion {
  readonly unet: { readonly config: UNetConfig; readonly weights: Checkpoint };
  readonly autoencoder?: { readonly config: AutoencoderConfig; readonly weights: Checkpoint };
  readonly notes: readonly string[];
}

/** The last is a U-Net alone, saved by itself. */
const UNETS = ['model.diffusion_model.', 'diffusion_model.', ''] as const;
const AUTOENCODER = 'first_stage_model.';

const LEFT_OUT: readonly { readonly what: string; readonly has: RegExp }[] = [
  { what: 'the text encoder', has: /^(cond_stage_model|text_encoder)\./ },
  { what: 'the ControlNet', has: /^control_model\./ },
  { what: 'the averaged copy of the weights, model_ema', has: /^model_ema\./ },
  {
    what: "the noise schedule's tables",
    has: /^(betas|alphas_cumprod(_prev)?|(log|sqrt)_one_minus_alphas_cumprod|sqrt_(alphas|recip_alphas|recipm1_alphas)_cumprod|posterior_(variance|log_variance_clipped|mean_coef[12])|logvar)$/,
  },
];

const UNET_TENSOR = /^(time_embed|input_blocks|middle_block|output_blocks|out)\./;

type Tensors = ReadonlyMap<string, TensorInfo>;

export function readStableDiffusion(file: TensorFile): StableDiffusion | undefined {
  if (recognize(file.tensors) !== 'stable-diffusion') return undefined;
  const names = [...file.tensors.keys()];
  const prefix = UNETS.find((each) => file.tensors.has(`${each}input_blocks.0.0.weight`));
  if (prefix === undefined) return undefined;
  const isUNet = (name: string) => (prefix === '' ? UNET_TENSOR.test(name) : name.startsWith(prefix));

  const left = LEFT_OUT.map(({ what, has }) => ({
    what,
    count: names.filter((name) => has.test(name)).length,
  }));
  const strangers = names.filter(
    (name) => !isUNet(name) && !name.startsWith(AUTOENCODER) && !LEFT_OUT.some(({ has }) => has.test(name)),
  );
  if (strangers.length > 0) throw new TensorUnexpectedError('file', strangers);

  const under = (prefix: string): Tensors =>
    new Map(
      [...file.tensors].flatMap(([name, info]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), info]] : [],
      ),
    );
  const named = (prefix: string, rename: (name: string) => string | undefined): Checkpoint =>
    checkpointOf([file], (name) => (name.startsWith(prefix) ? rename(name.slice(prefix.length)) : undefined));

  const { config, rename } = readUNet(under(prefix), file.path);
  const autoencoder = readAutoencoder(under(AUTOENCODER));
  return {
    unet: { config, weights: named(prefix, (name) => (isUNet(prefix + name) ? rename(name) : undefined)) },
    ...(autoencoder && {
      autoencoder: { config: autoencoder.config, weights: named(AUTOENCODER, autoencoder.rename) },
    }),
    notes: left
      .filter(({ count }) => count > 0)
      .map(({ what, count }) => `Left out of ${file.path}: ${what} (tensors: ${count}).`),
  };
}

/** What Stable Diffusion 1 was trained with. */
export const SCHEDULER: SchedulerConfig = {
  _class_name: 'DDIMScheduler',
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  prediction_type: 'epsilon',
  clip_sample: false,
  set_alpha_to_one: false,
  steps_offset: 1,
};

/** Follows the blocks as they are numbered through, and gives each the level and the place that diffusers has for it. */
function readUNet(tensors: Tensors, path: string) {
  const shapeOf = (name: string) => tensors.get(`${name}.weight`)?.shape;
  const places = new Map<string, string>([
    ['middle_block.0', 'mid_block.resnets.0'],
    ['middle_block.1', 'mid_block.attentions.0'],
    ['middle_block.2', 'mid_block.resnets.1'],
  ]);

  const levels: Level[] = [{ channels: 0, layers: 0, attends: false }];
  for (let i = 1; ; i++) {
    const block = `input_blocks.${i}`;
    const down = `down_blocks.${levels.length - 1}`;
    const level = levels.at(-1) as Level;
    const width = shapeOf(`${block}.0.out_layers.3`)?.[0];
    if (shapeOf(`${block}.0.op`)) {
      places.set(`${block}.0`, `${down}.downsamplers.0`);
      levels.push({ channels: 0, layers: 0, attends: false });
    } else if (width !== undefined) {
      places.set(`${block}.0`, `${down}.resnets.${level.layers}`);
      places.set(`${block}.1`, `${down}.attentions.${level.layers}`);
      level.channels = width;
      level.layers += 1;
      level.attends ||= shapeOf(`${block}.1.proj_in`) !== undefined;
    } else break;
  }
  let block = 0;
  [...levels].reverse().forEach(({ layers }, i) => {
    for (let j = 0; j <= layers; j++, block++) {
      places.set(`output_blocks.${block}.0`, `up_blocks.${i}.resnets.${j}`);
      const isUpsampler = shapeOf(`output_blocks.${block}.1.conv`) !== undefined;
      places.set(
        `output_blocks.${block}.1`,
        `up_blocks.${i}.${isUpsampler ? 'upsamplers.0' : `attentions.${j}`}`,
      );
      places.set(`output_blocks.${block}.2`, `up_blocks.${i}.upsamplers.0`);
    }
  });

  const config = stableDiffusionConfig(
    {
      levels,
      inChannels: shapeOf('input_blocks.0.0')?.[1],
      outChannels: shapeOf('out.2')?.[0],
      context: shapeOf('middle_block.1.transformer_blocks.0.attn2.to_k')?.[1],
      projection: shapeOf('middle_block.1.proj_in'),
    },
    path,
  );
  return { config, rename: (name: string) => unetName(name, places) };
}

const UNET_ENDS: Readonly<Record<string, string>> = {
  'time_embed.0': 'time_embedding.linear_1',
  'time_embed.2': 'time_embedding.linear_2',
  'input_blocks.0.0': 'conv_in',
  'out.0': 'conv_norm_out',
  'out.2': 'conv_out',
};

const BLOCK_PARTS: Readonly<Record<string, string>> = {
  'in_layers.0': 'norm1',
  'in_layers.2': 'conv1',
  'emb_layers.1': 'time_emb_proj',
  'out_layers.0': 'norm2',
  'out_layers.3': 'conv2',
  skip_connection: 'conv_shortcut',
  op: 'conv',
};

/** A name that no table has stays as it is, and is named in the end as one without a place. */
function unetName(name: string, places: ReadonlyMap<string, string>): string {
  const [, module = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
  const end = UNET_ENDS[module];
  if (end !== undefined) return `${end}.${kind}`;
  const [, block = '', part = ''] =
    /^((?:(?:in|out)put_blocks\.\d+|middle_block)\.\d+)\.(.+)$/.exec(module) ?? [];
  const place = places.get(block);
  return place === undefined ? name : `${place}.${BLOCK_PARTS[part] ?? part}.${kind}`;
}

function readAutoencoder(tensors: Tensors) {
  if (tensors.size === 0) return undefined;
  const shapeOf = (name: string) => tensors.get(`${name}.weight`)?.shape;
  const widths: number[] = [];
  let layers = 0;
  for (;;) {
    const width = shapeOf(`encoder.down.${widths.length}.block.0.conv2`)?.[0];
    if (width === undefined) break;
    widths.push(width);
  }
  while (shapeOf(`encoder.down.0.block.${layers}.conv2`)) layers++;
  const config: AutoencoderConfig = {
    _class_name: 'AutoencoderKL',
    in_channels: shapeOf('encoder.conv_in')?.[1] ?? 3,
    out_channels: shapeOf('decoder.conv_out')?.[0] ?? 3,
    latent_channels: shapeOf('post_quant_conv')?.[0] ?? 4,
    block_out_channels: widths,
    layers_per_block: layers,
    norm_num_groups: 32,
    scaling_factor: 0.18215,
  };
  return { config, rename: (name: string) => autoencoderName(name, widths.length) };
}

const ATTENTION_PARTS: Readonly<Record<string, string>> = {
  norm: 'group_norm',
  q: 'to_q',
  k: 'to_k',
  v: 'to_v',
  proj_out: 'to_out.0',
};

function autoencoderName(name: string, levels: number): string {
  return name
    .replace(/^(..coder)\.mid\.block_(\d+)\./, (_, side, n) => `${side}.mid_block.resnets.${n - 1}.`)
    .replace(
      /^(..coder)\.mid\.attn_1\.(norm|q|k|v|proj_out)\./,
      (_, side, part) => `${side}.mid_block.attentions.0.${ATTENTION_PARTS[part]}.`,
    )
    .replace(/^encoder\.down\.(\d+)\.block\./, 'encoder.down_blocks.$1.resnets.')
    .replace(/^encoder\.down\.(\d+)\.downsample\./, 'encoder.down_blocks.$1.downsamplers.0.')
    .replace(/^decoder\.up\.(\d+)\.block\./, (_, n) => `decoder.up_blocks.${levels - 1 - n}.resnets.`)
    .replace(/^decoder\.up\.(\d+)\.upsample\./, (_, n) => `decoder.up_blocks.${levels - 1 - n}.upsamplers.0.`)
    .replace(/\.nin_shortcut\./, '.conv_shortcut.')
    .replace(/^(..coder)\.norm_out\./, '$1.conv_norm_out.');
}
