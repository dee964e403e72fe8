import { UnsupportedWeightsError } from './errors.ts';
import type { TensorFile, TensorInfo } from './tensor-file.ts';

/** What a file of tensors is, told by their names; undefined where none of them is known here. */
export type WeightsKind =
  | 'networks'
  | 'stable-diffusion'
  | 'unet'
  | 'pose-encoder'
  | 'autoencoder'
  | 'image-encoder'
  | 'controlnet'
  | 'motion-module'
  | RefusedKind;

type RefusedKind = keyof typeof REFUSED;

/** What no pack can be made of, and what can be done about it. */
const REFUSED = {
  sdxl: { what: 'Stable Diffusion XL, whose networks are not built here' },
  sd3: { what: 'Stable Diffusion 3, whose networks are not built here' },
  flux: { what: 'Flux, whose networks are not built here' },
  lora: {
    what: 'a LoRA: changes to a model, and not the model',
    remedy: "Merge it into the model that it was made for (diffusers' fuse_lora), save that, and export it.",
  },
  'ip-adapter': { what: 'an IP-Adapter: additions to a model, and not the model' },
  't2i-adapter': { what: 'a T2I-Adapter: additions to a model, and not the model' },
  'text-encoder': { what: 'a text encoder. Pirouette reads no text' },
  embedding: { what: "a textual inversion: words for a text encoder, and no network's weights" },
  upscaler: { what: 'a network that enlarges pictures' },
} satisfies Record<string, { readonly what: string; readonly remedy?: string }>;

const ACCESSORIES: Partial<Record<WeightsKind, { readonly what: string; readonly remedy: string }>> = {
  controlnet: {
    what: 'a ControlNet, whose conditioning embedding can be a pose encoder and no more',
    remedy: 'Put it beside a U-Net under the name pose_encoder (with its own ending), and choose the U-Net.',
  },
  'motion-module': {
    what: "motion modules alone, which join a video's frames",
    remedy:
      'Put them beside the U-Net that they were made for under the name motion_module (with their own ending), and choose the U-Net.',
  },
  'image-encoder': {
    what: 'an image encoder',
    remedy: 'Put it beside a U-Net in the folder image_encoder, with its config, and choose the U-Net.',
  },
};

/** The first that fits is it: those that hold others, or parts of others, come first. */
const SIGNS: readonly (readonly [WeightsKind, RegExp])[] = [
  [
    'sdxl',
    /^(conditioner\.|model\.diffusion_model\.label_emb\.|diffusion_model\.label_emb\.|label_emb\.|add_embedding\.linear_1\.)/,
  ],
  ['sd3', /^(model\.diffusion_model\.)?joint_blocks\.|^transformer_blocks\.0\.attn\.add_[qkv]_proj\./],
  ['flux', /^(model\.diffusion_model\.)?double_blocks\.|^single_transformer_blocks\./],
  ['networks', /^(unet|denoising_unet|pose_encoder|pose_guider)\.conv_in\.weight$/],
  ['controlnet', /^(controlnet_cond_embedding|input_hint_block)\./],
  ['stable-diffusion', /^((model\.)?diffusion_model\.)?input_blocks\.0\.0\.weight$/],
  ['controlnet', /^control_model\./],
  ['ip-adapter', /^(image_proj|ip_adapter)\./],
  ['t2i-adapter', /^(adapter\.)?body\.0\.(resnets|block1|in_conv)/],
  ['unet', /^time_embedding\.linear_1\.weight$/],
  ['lora', /(^|[._])(lora|loha|lokr|hada)[._]/],
  ['motion-module', /(^|\.)motion_modules\.\d+\./],
  ['image-encoder', /^vision_model\./],
  ['text-encoder', /^(text_model|cond_stage_model|text_encoder)\.|^transformer\.(text_model|resblocks)\./],
  ['autoencoder', /^(first_stage_model\.)?(encoder|decoder)\.(conv_in|layers\.0|down\.0)\b/],
  ['embedding', /^(emb_params|string_to_param|clip_[lg])$/],
  ['upscaler', /^(model\.0\.weight|conv_first\.weight|body\.0\.rdb1\.)/],
  ['pose-encoder', /^conv_out\.weight$/],
];

export function recognize(tensors: ReadonlyMap<string, TensorInfo>): WeightsKind | undefined {
  const names = [...tensors.keys()];
  return SIGNS.find(([, sign]) => names.some((name) => sign.test(name)))?.[0];
}

/** Says by name what a file holds where no pack can be made of it: its tensors' names would tell nobody. */
export function refuseOthers({ path, tensors }: TensorFile): void {
  const kind = recognize(tensors);
  if (kind === undefined || !(kind in REFUSED)) return;
  const { what, remedy }: { what: string; remedy?: string } = REFUSED[kind as RefusedKind];
  throw new UnsupportedWeightsError(path, what, remedy);
}

/** The same for a file that is to be the model, and is only good beside one. */
export function refuseAccessories(file: TensorFile): void {
  refuseOthers(file);
  const accessory = ACCESSORIES[recognize(file.tensors) ?? 'unet'];
  if (accessory) throw new UnsupportedWeightsError(file.path, accessory.what, accessory.remedy);
}
