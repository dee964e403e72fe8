/**
 * The tensors that diffusers' classes have for a config, by walking their modules: written apart from the exporter,
 * so that one checks the other, and used to make checkpoints of any size.
 */
import type { PoseEncoderConfig, UNetConfig } from '../src/onnx/configs.ts';

export type Tensors = Map<string, readonly number[]>;

class Modules {
  readonly tensors: Tensors = new Map();

  conv(name: string, inputs: number, outputs: number, kernel = 3, bias = true): void {
    this.tensors.set(`${name}.weight`, [outputs, inputs, kernel, kernel]);
    if (bias) this.tensors.set(`${name}.bias`, [outputs]);
  }

  linear(name: string, inputs: number, outputs: number, bias = true): void {
    this.tensors.set(`${name}.weight`, [outputs, inputs]);
    if (bias) this.tensors.set(`${name}.bias`, [outputs]);
  }

  norm(name: string, width: number): void {
    this.tensors.set(`${name}.weight`, [width]);
    this.tensors.set(`${name}.bias`, [width]);
  }

  resnet(name: string, inputs: number, outputs: number, time: number): void {
    this.norm(`${name}.norm1`, inputs);
    this.conv(`${name}.conv1`, inputs, outputs);
    this.linear(`${name}.time_emb_proj`, time, outputs);
    this.norm(`${name}.norm2`, outputs);
    this.conv(`${name}.conv2`, outputs, outputs);
    if (inputs !== outputs) this.conv(`${name}.conv_shortcut`, inputs, outputs, 1);
  }

  attention(name: string, width: number, context: number): void {
    this.linear(`${name}.to_q`, width, width, false);
    this.linear(`${name}.to_k`, context, width, false);
    this.linear(`${name}.to_v`, context, width, false);
    this.linear(`${name}.to_out.0`, width, width);
  }

  transformer(name: string, width: number, { depth, context, isLinear }: TransformerShape): void {
    this.norm(`${name}.norm`, width);
    const project = (which: string) =>
      isLinear
        ? this.linear(`${name}.${which}`, width, width)
        : this.conv(`${name}.${which}`, width, width, 1);
    project('proj_in');
    for (let i = 0; i < depth; i++) {
      const block = `${name}.transformer_blocks.${i}`;
      this.norm(`${block}.norm1`, width);
      this.attention(`${block}.attn1`, width, width);
      if (context !== null) {
        this.norm(`${block}.norm2`, width);
        this.attention(`${block}.attn2`, width, context);
      }
      this.norm(`${block}.norm3`, width);
      this.linear(`${block}.ff.net.0.proj`, width, width * 8);
      this.linear(`${block}.ff.net.2`, width * 4, width);
    }
    project('proj_out');
  }
}

interface TransformerShape {
  readonly depth: number;
  readonly context: number | null;
  readonly isLinear: boolean;
}

export function unetTensors(config: UNetConfig): Tensors {
  const modules = new Modules();
  const channels = config.block_out_channels;
  const per = <T>(value: T | readonly T[], i: number) => (Array.isArray(value) ? value[i] : value) as T;
  const first = channels[0] as number;
  const deepest = channels.length - 1;
  const time = first * 4;
  const transformer = (name: string, level: number) =>
    modules.transformer(name, channels[level] as number, {
      depth: per((config.transformer_layers_per_block as number | number[] | undefined) ?? 1, level),
      context: config.cross_attention_dim,
      isLinear: config.use_linear_projection ?? false,
    });

  modules.conv('conv_in', config.in_channels, first);
  modules.linear('time_embedding.linear_1', first, time);
  modules.linear('time_embedding.linear_2', time, time);
  const skips = [first];
  let width = first;
  config.down_block_types.forEach((type, i) => {
    const out = channels[i] as number;
    for (let j = 0; j < per(config.layers_per_block, i); j++) {
      modules.resnet(`down_blocks.${i}.resnets.${j}`, width, out, time);
      if (type.startsWith('CrossAttn')) transformer(`down_blocks.${i}.attentions.${j}`, i);
      width = out;
      skips.push(out);
    }
    if (i === deepest) return;
    modules.conv(`down_blocks.${i}.downsamplers.0.conv`, out, out);
    skips.push(out);
  });
  if (config.mid_block_type !== null) {
    modules.resnet('mid_block.resnets.0', width, width, time);
    if (config.mid_block_type !== 'UNetMidBlock2D') {
      transformer('mid_block.attentions.0', deepest);
      modules.resnet('mid_block.resnets.1', width, width, time);
    }
  }
  config.up_block_types.forEach((type, i) => {
    const level = deepest - i;
    const out = channels[level] as number;
    for (let j = 0; j <= per(config.layers_per_block, level); j++) {
      modules.resnet(`up_blocks.${i}.resnets.${j}`, width + (skips.pop() as number), out, time);
      if (type.startsWith('CrossAttn')) transformer(`up_blocks.${i}.attentions.${j}`, level);
      width = out;
    }
    if (level > 0) modules.conv(`up_blocks.${i}.upsamplers.0.conv`, out, out);
  });
  modules.norm('conv_norm_out', first);
  modules.conv('conv_out', first, config.out_channels);
  return modules.tensors;
}

export function poseEncoderTensors(config: PoseEncoderConfig): Tensors {
  const modules = new Modules();
  const widths = config.block_out_channels;
  modules.conv('conv_in', config.conditioning_channels, widths[0] as number);
  for (let i = 0; i + 1 < widths.length; i++) {
    modules.conv(`blocks.${2 * i}`, widths[i] as number, widths[i] as number);
    modules.conv(`blocks.${2 * i + 1}`, widths[i] as number, widths[i + 1] as number);
  }
  modules.conv('conv_out', widths.at(-1) as number, config.conditioning_embedding_channels);
  const waves = 4 * (config.position_waves?.length ?? 0);
  if (waves > 0) modules.conv('position', waves, config.conditioning_embedding_channels, 1, false);
  return modules.tensors;
}
