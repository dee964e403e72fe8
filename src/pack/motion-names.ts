import type { MotionAdapterConfig } from '../onnx/configs.ts';
import { UnknownArchitectureError } from '../onnx/errors.ts';
import type { TensorInfo } from './tensor-file.ts';

/** What AnimateDiff's and AnimateAnyone's own code calls the parts of a motion module, and diffusers' name for each. */
const PARTS: readonly (readonly [RegExp, string])[] = [
  [/\.temporal_transformer\./, '.'],
  [/\.attention_blocks\.0\.pos_encoder\.pe$/, '.pos_embed.pe'],
  [/\.attention_blocks\.0\./, '.attn1.'],
  [/\.attention_blocks\.1\./, '.attn2.'],
  [/\.norms\.0\./, '.norm1.'],
  [/\.norms\.1\./, '.norm2.'],
  [/\.ff_norm\./, '.norm3.'],
];

/** The second attention's own copy of the table of positions, which is the first one's to the last bit. */
const SECOND_TABLE = /\.attention_blocks\.1\.pos_encoder\.pe$/;

export const isMotionTensor = (name: string): boolean => /(^|\.)motion_modules\.\d+\./.test(name);

const isOriginal = (name: string): boolean => /\.motion_modules\.\d+\.temporal_transformer\./.test(name);

/** diffusers' name for a motion module's tensor; undefined for one that says nothing new. */
export function presentMotionName(name: string): string | undefined {
  if (!isOriginal(name)) return name;
  if (SECOND_TABLE.test(name)) return undefined;
  return PARTS.reduce((text, [old, present]) => text.replace(old, present), name);
}

/**
 * The config of motion modules that came without one, told by their shapes under either kind of name. No shape tells
 * the number of heads and norm groups: they are those of every module that was published, 8 and 32.
 */
export function motionConfigOf(tensors: ReadonlyMap<string, TensorInfo>): MotionAdapterConfig {
  const shapes = new Map<string, readonly number[]>();
  for (const [name, { shape }] of tensors) shapes.set(presentMotionName(name) ?? name, shape);
  const moduleAt = (block: string, i: number) => `${block}.motion_modules.${i}`;
  const widthOf = (module: string) => shapes.get(`${module}.norm.weight`)?.[0];
  const countFrom = (has: (i: number) => boolean) => {
    let count = 0;
    while (has(count)) count++;
    return count;
  };
  const widths: number[] = [];
  for (;;) {
    const width = widthOf(moduleAt(`down_blocks.${widths.length}`, 0));
    if (width === undefined) break;
    widths.push(width);
  }
  const first = moduleAt('down_blocks.0', 0);
  const frames = shapes.get(`${first}.transformer_blocks.0.pos_embed.pe`)?.[1];
  if (widths.length === 0 || frames === undefined) {
    const names = [...tensors.keys()].slice(0, 4).join(', ');
    throw new UnknownArchitectureError(
      'motion module',
      `it has no down_blocks.0.motion_modules.0 with a table of positions, but ${names}`,
    );
  }
  return {
    _class_name: 'MotionAdapter',
    block_out_channels: widths,
    motion_layers_per_block: widths.map((_, level) =>
      countFrom((i) => widthOf(moduleAt(`down_blocks.${level}`, i)) !== undefined),
    ),
    motion_transformer_layers_per_block: widths.map((_, level) =>
      countFrom((i) =>
        shapes.has(`${moduleAt(`down_blocks.${level}`, 0)}.transformer_blocks.${i}.norm1.weight`),
      ),
    ),
    motion_num_attention_heads: 8,
    motion_norm_num_groups: 32,
    motion_max_seq_length: frames,
    use_motion_mid_block: widthOf(moduleAt('mid_block', 0)) !== undefined,
    norm_each_frame: [...tensors.keys()].some(isOriginal),
  };
}
