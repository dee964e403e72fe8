import type { PoseEncoderConfig, SchedulerConfig } from '../onnx/configs.ts';
import { UnknownArchitectureError } from '../onnx/errors.ts';
import { ReferenceNetError } from './errors.ts';
import type { Folder } from './folder.ts';
import { type TensorInfo, WEIGHT_ENDINGS } from './tensor-file.ts';

/** The files that AnimateAnyone's reproductions publish, each with a state dict of its own. */
const REFERENCE_NET_FILES = ['reference_unet', 'denoising_unet'];

/**
 * AnimateAnyone takes the reference from a second U-Net. Its denoiser has the very tensors of a U-Net for one, so it
 * would export without a word, and dance without ever having seen the person.
 */
export async function refuseReferenceNets(folder: Folder): Promise<void> {
  const found: string[] = [];
  for (const stem of REFERENCE_NET_FILES) {
    for (const ending of WEIGHT_ENDINGS) if (await folder.open(stem + ending)) found.push(stem + ending);
  }
  if (found.length > 0) throw new ReferenceNetError(folder.name, found);
}

/** What the published weights were trained to be sampled with. */
export const ANIMATE_ANYONE_SCHEDULER: SchedulerConfig = {
  _class_name: 'DDIMScheduler',
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'linear',
  prediction_type: 'v_prediction',
  rescale_betas_zero_snr: true,
  timestep_spacing: 'trailing',
  clip_sample: false,
  steps_offset: 1,
};

/** A ControlNetConditioningEmbedding's config, where the weights came without one: its shapes say all of it. */
export function poseEncoderConfigOf(tensors: ReadonlyMap<string, TensorInfo>): PoseEncoderConfig {
  const shapeOf = (name: string) => tensors.get(`${name}.weight`)?.shape ?? [];
  const [first, colours] = shapeOf('conv_in');
  const [features] = shapeOf('conv_out');
  if (first === undefined || colours === undefined || features === undefined) {
    const names = [...tensors.keys()].slice(0, 4).join(', ');
    throw new UnknownArchitectureError(
      'pose encoder',
      `it has no conv_in and conv_out as ControlNetConditioningEmbedding has them, but ${names}`,
    );
  }
  const widths = [first];
  for (;;) {
    const [width] = shapeOf(`blocks.${2 * widths.length - 1}`);
    if (width === undefined) break;
    widths.push(width);
  }
  return {
    _class_name: 'ControlNetConditioningEmbedding',
    conditioning_channels: colours,
    conditioning_embedding_channels: features,
    block_out_channels: widths,
  };
}
