"""The place without the person, and without their shadow: a hole filled by its surroundings, then painted by a network."""

import torch
from torch import nn
from torch.nn import functional as F

from .blocks import Hourglass

LEVELS = 8  # of the pyramid; fewer where a side can't be halved any more


def filled(photo, hole):
    """The hole (n, 1, H, W; 1 inside) filled from its surroundings: means of ever larger squares, the finest that knows anything.

    The classic fill that the network begins with, and that it must beat. Sides are multiples of a power of 2; the pyramid
    goes as far as they allow.
    """
    known = [1 - hole]
    colour = [photo * (1 - hole)]
    while len(known) < LEVELS and known[-1].shape[2] % 2 == 0 and known[-1].shape[3] % 2 == 0:
        known.append(F.avg_pool2d(known[-1], 2))
        colour.append(F.avg_pool2d(colour[-1], 2))
    total = known[-1].sum((2, 3), keepdim=True).clamp(min=1e-6)
    below = (colour[-1].sum((2, 3), keepdim=True) / total).expand_as(colour[-1])
    for share, sums in zip(reversed(known), reversed(colour)):
        if below.shape[2:] != sums.shape[2:]:
            below = F.interpolate(below, scale_factor=2, mode="bilinear", align_corners=False)
        # A cell counts by how much of it is known.
        below = sums + (1 - share) * below
    return below


class Plate(nn.Module):
    """picture: the photo with its hole filled, in [-1, 1]; hole in [0, 1] -> what is to be added to it, everywhere."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.body = Hourglass(4, 3, config["block_out_channels"], config["layers_per_block"], config["last_channels"])

    def initialize(self):
        self.body.initialize()
        return self

    def forward(self, picture, hole):
        return self.body(torch.cat([picture, hole], 1)).float()
