import { isTemporalAttention } from '../onnx/configs.ts';
import type { PackManifest } from '../pack/manifest.ts';
import type { RenderOptions } from './api.ts';

/** Whether an animation's frames go through motion modules: those that came with the weights do unless told otherwise. */
export function joinsFrames(
  { configs }: { readonly configs: Pick<PackManifest['configs'], 'motion'> },
  { motion, interaction }: Pick<RenderOptions, 'motion' | 'interaction'>,
): boolean {
  if (configs.motion === undefined) return false;
  return motion ?? (!isTemporalAttention(configs.motion) && interaction !== 'mutual');
}
