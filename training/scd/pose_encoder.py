"""diffusers' ControlNetConditioningEmbedding: a skeleton image in, features of the latents' size out.

With `position_waves` in its config, where each cell lies is added to the features, as waves of so many periods over the
picture. Nothing else tells the U-Net, whose targets begin as noise: attention that is to copy a background must know
which place it is looking for.
"""

import math

import torch
from torch import nn

from .activations import silu


class ControlNetConditioningEmbedding(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        widths = config["block_out_channels"]
        self.conv_in = nn.Conv2d(config["conditioning_channels"], widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for narrow, wide in zip(widths, widths[1:]):
            self.blocks.append(nn.Conv2d(narrow, narrow, 3, padding=1))
            self.blocks.append(nn.Conv2d(narrow, wide, 3, padding=1, stride=2))
        channels = config["conditioning_embedding_channels"]
        self.conv_out = nn.Conv2d(widths[-1], channels, 3, padding=1)
        self.periods = config.get("position_waves", [])
        self.position = nn.Conv2d(4 * len(self.periods), channels, 1, bias=False) if self.periods else None

    def forward(self, skeleton):
        x = silu(self.conv_in(skeleton))
        for block in self.blocks:
            x = silu(block(x))
        features = self.conv_out(x)
        if self.position is None:
            return features
        return features + self.position(waves(self.periods, *features.shape[2:]).to(features.device))


def waves(periods, height, width):
    """(1, 4 a period count, height, width): sine and cosine across, then down, at the middles of the cells."""
    down, across = ((torch.arange(count) + 0.5) / count for count in (height, width))
    channels = []
    for count in periods:
        for places in (across[None].expand(height, -1), down[:, None].expand(-1, width)):
            angles = 2 * math.pi * count * places
            channels += [angles.sin(), angles.cos()]
    return torch.stack(channels)[None]
