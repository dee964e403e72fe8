"""Gives a frame the photo's own detail back.

A diffusion model this small keeps a person's shape, pose and colours; faces, prints and the background's texture come out
as a blur, while the photo holds them all. This network sees the frame beside the photo and beside the photo's pieces,
moved to the frame's pose (scd.guides), and lays over the frame what of them belongs there.
"""

import torch
from torch import nn
from torch.nn import functional as F

INPUTS = {"frame": 3, "photo": 3, "torso": 3, "limbs": 3, "nearness": 2}
LAID = ["limbs", "torso", "photo"]  # one over another, the last one on top
WIDE, NARROW = 7, 5  # pixels over which a gap between two pictures is taken
# Before training: what may lie over the frame, and what a gap (of pictures in [-1, 1]) takes from it. Sums, before a sigmoid.
TRUST, DOUBT = 4.0, -40.0


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


def mean_around(pictures, side):
    return F.avg_pool2d(pictures, side, 1, side // 2, count_include_pad=False)


def gap(one, other):
    """How far two pictures differ around each pixel, beyond detail that one of them lacks: (n, 1, height, width)."""
    return mean_around(mean_around(one - other, WIDE).abs().mean(1, keepdim=True), NARROW)


def residuals(channels, count):
    return nn.Sequential(*(Residual(channels) for _ in range(count)))


class Retoucher(nn.Module):
    """All inputs and the output are pictures in [-1, 1] of one size, a multiple of 2 to the number of levels; nearness in [0, 1]."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        widths, blocks, last = config["block_out_channels"], config["layers_per_block"], config["last_channels"]
        pairs = list(zip(widths, widths[1:]))
        seen = sum(INPUTS.values()) + len(LAID)
        self.enter = nn.Conv2d(seen, widths[0], 3, stride=2, padding=1)
        self.down_blocks = nn.ModuleList(residuals(width, count) for width, count in zip(widths, blocks))
        self.down = nn.ModuleList(nn.Conv2d(wide, narrow, 3, stride=2, padding=1) for wide, narrow in pairs)
        self.up = nn.ModuleList(nn.Conv2d(deep, shallow, 1) for shallow, deep in pairs)
        self.up_blocks = nn.ModuleList(residuals(width, 1) for width, _ in pairs)
        self.leave = nn.Conv2d(widths[0], last, 1)
        self.last = nn.Conv2d(last + seen, last, 3, padding=1)
        self.change = nn.Conv2d(last, 3, 3, padding=1)
        self.shares = nn.ModuleDict({name: nn.Conv2d(last, 1, 3, padding=1) for name in LAID})
        self.doubts = nn.ModuleDict({name: nn.Conv2d(1, 1, 1) for name in LAID})

    def initialize(self):
        """Begins by laying over the frame whatever differs from it in detail alone."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, Residual):
                nn.init.zeros_(module.second.weight)
        for module in [self.change, *self.shares.values()]:
            nn.init.zeros_(module.weight)
        for module in self.doubts.values():
            nn.init.constant_(module.weight, DOUBT)
            nn.init.constant_(module.bias, TRUST)
        return self

    def forward(self, frame, photo, torso, limbs, nearness):
        candidates = {"limbs": limbs, "torso": torso, "photo": photo}
        frame = frame.clamp(-1, 1)
        gaps = {name: gap(picture, frame) for name, picture in candidates.items()}
        seen = torch.cat([frame, photo, torso, limbs, nearness, *(gaps[name] for name in LAID)], 1)
        x = F.relu(self.enter(seen))
        levels = []
        for level, blocks in enumerate(self.down_blocks):
            if level:
                x = F.relu(self.down[level - 1](x))
            x = blocks(x)
            levels.append(x)
        for level in reversed(range(len(self.up))):
            x = F.interpolate(self.up[level](x), scale_factor=2) + levels[level]
            x = self.up_blocks[level](x)
        x = F.interpolate(self.leave(x), scale_factor=2)
        x = F.relu(self.last(torch.cat([x, seen], 1)))
        laid = frame + self.change(x).to(frame.dtype)
        for name in LAID:
            share = torch.sigmoid(self.shares[name](x) + self.doubts[name](gaps[name]))
            laid = laid + share.to(frame.dtype) * (candidates[name] - laid)
        return laid
