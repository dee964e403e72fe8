import { type Checkpoint, checkpointOf } from './checkpoint.ts';
import { recognize } from './recognize.ts';
import type { TensorFile } from './tensor-file.ts';

const EMBEDDING = 'controlnet_cond_embedding.';
/** ControlNet's own code numbers the layers through, activations included. */
const HINT = /^(?:control_model\.)?input_hint_block\.(\d+)\.(weight|bias)$/;

/**
 * The pose encoder in these files. ControlNets have one in them, under diffusers' names or their authors' own; what is
 * around it is left out.
 */
export function poseEncoderIn(files: readonly TensorFile[]): Checkpoint {
  const found = files.find(({ tensors }) => recognize(tensors) === 'controlnet');
  if (found === undefined) return checkpointOf(files);
  const hints = [...found.tensors.keys()].flatMap((name) => HINT.exec(name)?.[1] ?? []).map(Number);
  const last = hints.reduce((most, hint) => Math.max(most, hint), 0);
  const weights = checkpointOf([found], (name) => {
    if (name.startsWith(EMBEDDING)) return name.slice(EMBEDDING.length);
    const [, layer, kind] = HINT.exec(name) ?? [];
    if (layer === undefined) return undefined;
    const place = Number(layer);
    if (place === 0) return `conv_in.${kind}`;
    return place === last ? `conv_out.${kind}` : `blocks.${place / 2 - 1}.${kind}`;
  });
  const left = found.tensors.size - weights.tensors.size;
  const note = `Left out of ${found.path}: the ControlNet around its conditioning embedding (tensors: ${left}).`;
  return { ...weights, notes: left > 0 ? [note] : [] };
}
