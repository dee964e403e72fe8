import type { Networks, Tensor } from '../../src/engine/backend.ts';
import { referenceEvaluation } from '../../src/engine/denoiser.ts';
import { denoisingSteps, eachAlone } from '../../src/engine/sampler.ts';
import type { PackManifest } from '../../src/pack/manifest.ts';
import { DdimSchedule } from '../../src/scd/ddim.ts';
import { autoencoderErrors, type Errors, type Truth, truthSize } from './parity-checks.ts';

/** The worst errors of what `tools/torch-parts.py` has computed, by name, over the standard deviation of each. */
export function partErrors(networks: Networks, manifest: PackManifest, truth: Truth): Promise<Errors> {
  if (truth.has('pixels')) return imageEncoderErrors(networks, manifest, truth);
  if (truth.has('image')) return autoencoderErrors(networks, manifest, truth);
  return referenceNetErrors(networks, manifest, truth);
}

async function imageEncoderErrors(
  networks: Networks,
  { imageTokens = 'image_embeds' }: PackManifest,
  truth: Truth,
): Promise<Errors> {
  const tokens = await networks.encodeTokens(truth.upload(networks, 'pixels'));
  return { [imageTokens]: truth.error(imageTokens, await networks.download(tokens)) };
}

async function referenceNetErrors(networks: Networks, manifest: PackManifest, truth: Truth): Promise<Errors> {
  const errors: Errors = {};
  const check = async (name: string, tensor: Tensor): Promise<void> => {
    errors[name] = truth.error(name, await networks.download(tensor));
  };
  const context = truth.upload(networks, 'tokens');
  const sample = truth.upload(networks, 'noise');
  const pose = await networks.encodePose(truth.upload(networks, 'target_pose_image'));
  await check('target_pose_features', pose);
  const reference = referenceEvaluation(truth.upload(networks, 'reference_latents'), null, context);
  const memory = await networks.remember([reference]);

  for (const name of truth.names) {
    const [, without, timestep] = /^target_output(?:_without_(\w+))?\.t(\d+)$/.exec(name) ?? [];
    if (timestep === undefined) continue;
    const seen = without === 'reference' ? {} : { memory };
    const shown = without === 'pose' ? null : pose;
    await check(
      name,
      await networks.evaluate({ sample, pose: shown, timestep: Number(timestep), context, ...seen }),
    );
  }

  if (truth.names.some((name) => name.startsWith('ddim_guided.'))) {
    const { guidance_scale_of_ddim_guided: scale, steps: count } = manifest.configs.scheduler;
    const predict = eachAlone(async (sample, timestep) =>
      networks.guide(
        await networks.evaluate({ sample, pose, timestep }),
        await networks.evaluate({ sample, pose, timestep, context, memory }),
        Number(scale),
      ),
    );
    const schedule = new DdimSchedule(manifest.configs.scheduler);
    const steps = Number(count);
    const plan = {
      latents: [truth.upload(networks, 'noise')],
      timesteps: schedule.timesteps(steps),
      steps,
      seeds: [0],
    };
    for await (const step of denoisingSteps(networks, schedule, plan, predict)) {
      await check(`ddim_guided.after_t${step.timestep}`, step.latents[0] as Tensor);
    }
  }
  memory.dispose();
  return errors;
}

/** The size in pixels that a part's truth was computed at; any will do for an image encoder. */
export function partSize(truth: Truth): { width: number; height: number } {
  if (truth.has('image')) return truthSize(truth);
  if (!truth.has('target_pose_image')) return { width: 64, height: 64 };
  const [, , height = 0, width = 0] = truth.get('target_pose_image').shape;
  return { width, height };
}
