"""diffusers' UNet2DConditionModel for the block types that Pirouette's packs may hold, and SCD's two passes through it.

Both passes run the same weights. The reference pass keeps K and V of every self-attention in the order of execution;
the target pass puts them before its own, so that its tokens attend to the reference's and to each other, and the
reference never sees the target.
"""

import torch
from torch import nn

from .activations import silu
from .correspondence import GUIDED
from .layers import Downsample, GroupNorm, ResnetBlock, TimestepEmbedding, Transformer, Upsample, timestep_features


class Kept:
    """Gathers K and V of a pass. References are photos, which no motion module joins."""

    watch = None
    moves = False
    time = None

    def __init__(self):
        self.pairs = []

    def exchange(self, keys, values):
        self.pairs.append((keys, values))
        return keys, values


class Recalled:
    """Puts a reference's K and V before a pass's own. Several targets in a row may share one reference.

    A guide, if there is one, watches the last layers. `time` joins the frames of a clip (scd.calm).
    """

    moves = True

    def __init__(self, pairs, guide=None, time=None):
        self.remaining = list(pairs)
        self.time = time
        self.guide = guide
        self.watch = None

    def exchange(self, keys, values):
        self.watch = self.guide.watch if self.guide and len(self.remaining) <= GUIDED else None
        reference_keys, reference_values = self.remaining.pop(0)
        targets = keys.shape[0] // reference_keys.shape[0]
        return (
            torch.cat([reference_keys.repeat_interleave(targets, 0), keys], 1),
            torch.cat([reference_values.repeat_interleave(targets, 0), values], 1),
        )


class Alone:
    """A pass that sees no reference."""

    watch = None
    moves = True
    time = None

    def exchange(self, keys, values):
        return keys, values


def per_level(value, levels):
    return list(value) if isinstance(value, (list, tuple)) else [value] * levels


class Block(nn.Module):
    """Any of diffusers' four block types: ResNets, each followed by a transformer or not, then a change of size."""

    def __init__(self, residual_widths, channels, heads, embedded, config, resize):
        super().__init__()
        groups, eps = config["norm_num_groups"], config["norm_eps"]
        if heads:
            self.attentions = nn.ModuleList([Transformer(channels, heads, config) for _ in residual_widths])
        self.resnets = nn.ModuleList([ResnetBlock(width, channels, embedded, groups, eps) for width in residual_widths])
        if isinstance(resize, Downsample):
            self.downsamplers = nn.ModuleList([resize])
        if isinstance(resize, Upsample):
            self.upsamplers = nn.ModuleList([resize])

    def layer(self, index, x, time, tokens, memory):
        x = self.resnets[index](x, time)
        if hasattr(self, "attentions"):
            x = self.attentions[index](x, tokens, memory)
        return self.motion_modules[index](x) if memory.moves and hasattr(self, "motion_modules") else x

    def down(self, x, time, tokens, memory, skips):
        for index in range(len(self.resnets)):
            x = self.layer(index, x, time, tokens, memory)
            skips.append(x)
        if hasattr(self, "downsamplers"):
            x = self.downsamplers[0](x)
            skips.append(x)
        return x

    def up(self, x, time, tokens, memory, skips):
        for index in range(len(self.resnets)):
            x = self.layer(index, torch.cat([x, skips.pop()], 1), time, tokens, memory)
        return self.upsamplers[0](x) if hasattr(self, "upsamplers") else x


class MidBlock(nn.Module):
    def __init__(self, channels, heads, embedded, config):
        super().__init__()
        groups, eps = config["norm_num_groups"], config["norm_eps"]
        self.attentions = nn.ModuleList([Transformer(channels, heads, config)])
        self.resnets = nn.ModuleList([ResnetBlock(channels, channels, embedded, groups, eps) for _ in range(2)])

    def forward(self, x, time, tokens, memory):
        x = self.attentions[0](self.resnets[0](x, time), tokens, memory)
        if memory.moves and hasattr(self, "motion_modules"):
            x = self.motion_modules[0](x)
        return self.resnets[1](x, time)


class UNet2DConditionModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        widths = config["block_out_channels"]
        levels = len(widths)
        heads = per_level(config["attention_head_dim"], levels)
        layers = per_level(config["layers_per_block"], levels)
        embedded = widths[0] * 4
        self.conv_in = nn.Conv2d(config["in_channels"], widths[0], 3, padding=1)
        self.time_embedding = TimestepEmbedding(widths[0], embedded)

        self.down_blocks = nn.ModuleList()
        skips = [widths[0]]
        for level, kind in enumerate(config["down_block_types"]):
            last = level == levels - 1
            residual = [skips[-1]] + [widths[level]] * (layers[level] - 1)
            resize = None if last else Downsample(widths[level], config.get("downsample_padding", 1))
            attend = heads[level] if kind == "CrossAttnDownBlock2D" else 0
            self.down_blocks.append(Block(residual, widths[level], attend, embedded, config, resize))
            skips += [widths[level]] * (layers[level] + (0 if last else 1))

        self.up_blocks = nn.ModuleList()
        width = widths[-1]
        for index, kind in enumerate(config["up_block_types"]):
            level = levels - 1 - index
            residual = []
            for _ in range(layers[level] + 1):
                residual.append(width + skips.pop())
                width = widths[level]
            resize = None if level == 0 else Upsample(width)
            attend = heads[level] if kind == "CrossAttnUpBlock2D" else 0
            self.up_blocks.append(Block(residual, width, attend, embedded, config, resize))

        self.mid_block = MidBlock(widths[-1], heads[-1], embedded, config)
        self.conv_norm_out = GroupNorm(config["norm_num_groups"], widths[0], config["norm_eps"])
        self.conv_out = nn.Conv2d(widths[0], config["out_channels"], 3, padding=1)

    def run(self, latents, timesteps, pose_features, tokens, memory):
        config = self.config
        width = config["block_out_channels"][0]
        time = self.time_embedding(timestep_features(timesteps, width, config["flip_sin_to_cos"], config["freq_shift"]))
        x = self.conv_in(latents)
        if pose_features is not None:
            x = x + pose_features
        skips = [x]
        for block in self.down_blocks:
            x = block.down(x, time, tokens, memory, skips)
        x = self.mid_block(x, time, tokens, memory)
        for block in self.up_blocks:
            x = block.up(x, time, tokens, memory, skips)
        return self.conv_out(silu(self.conv_norm_out(x)))

    def reference_pass(self, latents, pose_features=None, tokens=None):
        """Clean latents at t = 0. Gives K and V of every self-attention, and the pass's own output."""
        kept = Kept()
        zeros = torch.zeros(latents.shape[0], device=latents.device)
        output = self.run(latents, zeros, pose_features, tokens, kept)
        return kept.pairs, output

    def target_pass(self, latents, timesteps, pose_features=None, reference=None, tokens=None, guide=None, time=None):
        memory = Alone() if reference is None else Recalled(reference, guide, time)
        return self.run(latents, timesteps, pose_features, tokens, memory)

    def initialize(self):
        """For training: every residual branch begins at zero, so that the network begins as the identity."""
        for module in self.modules():
            if isinstance(module, ResnetBlock):
                nn.init.zeros_(module.conv2.weight)
                nn.init.zeros_(module.conv2.bias)
            if isinstance(module, Transformer):
                nn.init.zeros_(module.proj_out.weight)
                nn.init.zeros_(module.proj_out.bias)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)
        return self
