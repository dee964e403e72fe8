"""What every pixel of a picture shows, and where a body's joints are or, in a garment on nobody, would be.

A small U-Net of convolutions and ReLUs. It sees the photo, a rough outline of the person and the drawn skeleton, the
latter two empty where nobody is; it answers at half the picture's size.
"""

import torch
from torch import nn
from torch.nn import functional as F

from scd.retoucher import Residual, residuals

# The joints of OpenPose that a garment hangs on: neck, shoulders to wrists, hips to ankles.
JOINTS = list(range(1, 14))
INPUTS = {"photo": 3, "outline": 1, "skeleton": 3}


class Parser(nn.Module):
    """photo and skeleton in [-1, 1] and [0, 1], outline in [0, 1] -> labels (n, classes, H/2, W/2), joints (n, 13, H/4, W/4), as logits."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        widths, blocks = config["block_out_channels"], config["layers_per_block"]
        pairs = list(zip(widths, widths[1:]))
        self.enter = nn.Conv2d(sum(INPUTS.values()), widths[0], 3, stride=2, padding=1)
        self.down_blocks = nn.ModuleList(residuals(width, count) for width, count in zip(widths, blocks))
        self.down = nn.ModuleList(nn.Conv2d(wide, narrow, 3, stride=2, padding=1) for wide, narrow in pairs)
        self.up = nn.ModuleList(nn.Conv2d(deep, shallow, 1) for shallow, deep in pairs)
        self.up_blocks = nn.ModuleList(Residual(width) for width, _ in pairs)
        self.labels = nn.Conv2d(widths[0], config["classes"], 3, padding=1)
        self.joints = nn.Conv2d(widths[1], len(JOINTS), 1)

    def initialize(self):
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, Residual):
                nn.init.zeros_(module.second.weight)
        for module in (self.labels, self.joints):
            nn.init.zeros_(module.weight)
        return self

    def forward(self, photo, outline, skeleton):
        x = F.relu(self.enter(torch.cat([photo, outline, skeleton], 1)))
        levels = []
        for level, blocks in enumerate(self.down_blocks):
            if level:
                x = F.relu(self.down[level - 1](x))
            x = blocks(x)
            levels.append(x)
        for level in reversed(range(len(self.up))):
            x = F.interpolate(self.up[level](x), scale_factor=2) + levels[level]
            x = self.up_blocks[level](x)
            if level == 1:
                joints = self.joints(x)
        return self.labels(x), joints


def full_size(labels):
    """Label logits at the picture's own size."""
    return F.interpolate(labels, scale_factor=2, mode="bilinear", align_corners=False)
