"""AnimateDiff's motion modules under diffusers' names: after every layer of a U-Net, attention along time."""

import math

import torch
from torch import nn

from .layers import Attention, FeedForward, LayerNorm
from .unet import per_level


def sinusoids(frames, channels):
    steps = torch.exp(torch.arange(0, channels, 2) * (-math.log(10000.0) / channels))
    angles = torch.arange(frames)[:, None] * steps
    table = torch.zeros(1, frames, channels)
    table[0, :, 0::2], table[0, :, 1::2] = angles.sin(), angles.cos()
    return table


class Positions(nn.Module):
    def __init__(self, frames, channels):
        super().__init__()
        self.register_buffer("pe", sinusoids(frames, channels))


class MotionBlock(nn.Module):
    def __init__(self, channels, heads, max_frames):
        super().__init__()
        self.pos_embed = Positions(max_frames, channels)
        self.norm1, self.norm2, self.norm3 = LayerNorm(channels), LayerNorm(channels), LayerNorm(channels)
        self.attn1, self.attn2 = Attention(channels, channels, heads), Attention(channels, channels, heads)
        self.ff = FeedForward(channels)

    def forward(self, x):
        for norm, attention in ((self.norm1, self.attn1), (self.norm2, self.attn2)):
            placed = norm(x) + self.pos_embed.pe[:, : x.shape[1]]
            x = attention(placed, *attention.keys_and_values(placed)) + x
        return self.ff(self.norm3(x)) + x


class MotionModule(nn.Module):
    """The frames of one clip, [frames, channels, height, width]."""

    def __init__(self, channels, heads, layers, groups, max_frames, norm_each_frame=False):
        super().__init__()
        self.norm_each_frame = norm_each_frame
        self.norm = nn.GroupNorm(groups, channels, 1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList([MotionBlock(channels, heads, max_frames) for _ in range(layers)])
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, x):
        frames, channels, height, width = x.shape
        even = self.norm(x) if self.norm_each_frame else self.norm(x.transpose(0, 1)[None])[0].transpose(0, 1)
        h = self.proj_in(even.permute(2, 3, 0, 1).reshape(height * width, frames, channels))
        for block in self.transformer_blocks:
            h = block(h)
        return self.proj_out(h).reshape(height, width, frames, channels).permute(2, 3, 0, 1) + x


def attach(unet, config):
    """Puts a motion module after every layer of the U-Net, as a MotionAdapter's config has them."""
    widths = config["block_out_channels"]
    levels = len(widths)
    heads = per_level(config["motion_num_attention_heads"], levels)
    depth = per_level(config.get("motion_transformer_layers_per_block", 1), levels)

    groups = config["motion_norm_num_groups"]

    def modules(level, count, groups=groups):
        shape = heads[level], depth[level], groups, config["motion_max_seq_length"]
        each = config.get("norm_each_frame", False)
        return nn.ModuleList([MotionModule(widths[level], *shape, each) for _ in range(count)])

    for level, block in enumerate(unet.down_blocks):
        block.motion_modules = modules(level, len(block.resnets))
    for index, block in enumerate(unet.up_blocks):
        plain = not hasattr(block, "attentions")
        own = config.get("plain_up_norm_num_groups", groups) if plain else groups
        block.motion_modules = modules(levels - 1 - index, len(block.resnets), own)
    if config["use_motion_mid_block"]:
        unet.mid_block.motion_modules = modules(levels - 1, 1)
    return unet
