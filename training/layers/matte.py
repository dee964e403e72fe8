"""A rough outline made sharp at the photo's own resolution: hair's edge, fingers, the gap between an arm and the body."""

import torch
from torch import nn

from .blocks import Hourglass

ROUGH = 6.0  # how much the rough outline says before training, as a logit a unit


class Matte(nn.Module):
    """photo (n, 3, H, W) in [-1, 1] and outline (n, 1, H, W) in [0, 1] to a matte in [0, 1]."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.body = Hourglass(4, 1, config["block_out_channels"], config["layers_per_block"], config["last_channels"])

    def initialize(self):
        self.body.initialize()
        return self

    def logits(self, photo, outline):
        return self.body(torch.cat([photo, outline], 1)).float() + ROUGH * (outline - 0.5)

    def forward(self, photo, outline):
        return torch.sigmoid(self.logits(photo, outline))
