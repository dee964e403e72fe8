"""Says where in the photo each pixel of a new pose comes from, whether the photo shows it, and where the person ends.

It works on small pictures (128 pixels a side) and is fully convolutional. Places are shares of the picture's sides, moves
are shares too: source = place + move. The first part looks at the photo once; the rest runs once a frame, in three graphs
with a warp between two of them, so that an engine reads features through the flow found so far by its own means.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .blocks import Entry, Residual

CELL = 4  # pixels a side of the finest cell of features
GUIDES = 20  # channels of what a frame is told beside its skeleton, a cell each: see `guides`
LAYERS = ["move", "outline", "seen", "shadow", "paint"]  # of the output: 2, 1, 1, 1 and 3 channels


def warp(x, source):
    """x read at `source` (n, 2, h, w), shares of its sides; bilinear, clamped at the edge."""
    grid = source.permute(0, 2, 3, 1) * 2 - 1
    return F.grid_sample(x.float(), grid.float(), mode="bilinear", padding_mode="border", align_corners=False)


def places(n, height, width):
    """The middles of the cells of a grid, as shares: (n, 2, height, width)."""
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    grid = np.stack(np.broadcast_arrays(x[None, :], y[:, None])).astype(np.float32)
    return torch.from_numpy(grid)[None].expand(n, -1, -1, -1)


def halved(x):
    return F.avg_pool2d(x, 2)


def doubled(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def guides(photo, outline, limbs, torso, whole, nearness):
    """What a frame is told a cell: how near both persons are, three moves, and the photo and outline read through each.

    limbs, torso, whole: where the nearest limb, the torso and the whole body as one piece would have each cell come from.
    """
    n, _, height, width = limbs.shape
    small = F.avg_pool2d(torch.cat([photo, outline], 1), CELL)
    here, sources = places(n, height, width), (limbs, torso, whole)
    return torch.cat([nearness, *(source - here for source in sources), *(warp(small, source) for source in sources)], 1)


class Mover(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        a, b, c = config["block_out_channels"]
        self.photo_cells = nn.Conv2d(7, a, CELL, stride=CELL)
        self.photo_1, self.photo_2, self.photo_3 = Entry(a, a, 1), Entry(a, b, 1, 2), Entry(b, c, 1, 2)
        self.skeleton_cells = nn.Conv2d(3, 24, CELL, stride=CELL)
        self.frame_1, self.frame_2, self.frame_3 = Entry(24 + GUIDES, a, 1), Entry(a, b, 1, 2), Entry(b, c, 1, 2)
        self.meet_3, self.meet_2, self.meet_1 = Entry(4 * c, c, 3), Entry(c + 2 * b + 4, b, 2), Entry(b + 2 * a + 6, a, 2)
        self.pick_3 = nn.Conv2d(c, 5, 3, padding=1)
        self.shift_2 = nn.Conv2d(b, 2, 3, padding=1)
        self.shift_1 = nn.Conv2d(a, 4, 3, padding=1)
        # Torso in place of limbs, outline, seen, and paint, a pixel each; the shadow, a quarter of the pixels.
        self.leave = nn.Conv2d(a, CELL * CELL * 6, 3, padding=1)
        self.shade = nn.Conv2d(a, 4, 3, padding=1)

    def initialize(self):
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
            if isinstance(module, Residual):
                nn.init.zeros_(module.second.weight)
        for module in (self.pick_3, self.shift_2, self.shift_1, self.leave, self.shade):
            nn.init.zeros_(module.weight)
        nn.init.constant_(self.leave.bias[: CELL * CELL], -2)
        nn.init.constant_(self.shade.bias, 4)
        return self

    def look(self, photo, outline, skeleton):
        """Once a photo: its features on three levels. photo in [-1, 1], the others in [0, 1]."""
        one = self.photo_1(F.relu(self.photo_cells(torch.cat([photo, outline, skeleton], 1))))
        two = self.photo_2(one)
        return one, two, self.photo_3(two)

    def forward(self, photo, outline, skeleton_photo, skeleton, limbs, torso, whole, nearness):
        """All on one device, for training. limbs, torso, whole: sources a cell; nearness in [0, 1]. -> sources by level, layers."""
        n, _, h, w = limbs.shape
        one, two, three = self.look(photo, outline, skeleton_photo)
        told = guides(photo, outline, limbs, torso, whole, nearness)
        limbs_2, torso_2 = halved(limbs), halved(torso)
        limbs_3, torso_3 = halved(limbs_2), halved(torso_2)
        whole_3 = halved(halved(whole))
        here_1, here_2 = places(n, h, w), places(n, h // 2, w // 2)
        first = self.frame_1(torch.cat([F.relu(self.skeleton_cells(skeleton)), told], 1))
        second = self.frame_2(first)
        met = self.meet_3(torch.cat([self.frame_3(second), three, warp(three, limbs_3), warp(three, torso_3)], 1))
        picked = self.pick_3(met).float()
        share = torch.softmax(picked[:, :3], 1)
        source_3 = share[:, :1] * limbs_3 + share[:, 1:2] * torso_3 + share[:, 2:] * whole_3 + picked[:, 3:] * 0.1
        source = doubled(source_3)
        met = self.meet_2(torch.cat([doubled(met.float()), second, warp(two, source), source - here_2, limbs_2 - source], 1))
        source_2 = source + self.shift_2(met).float() * 0.05
        source = doubled(source_2)
        met = self.meet_1(
            torch.cat([doubled(met.float()), first, warp(one, source), source - here_1, limbs - source, torso - source], 1)
        )
        shifts = self.shift_1(met).float() * 0.05
        source_1, other = source + shifts[:, :2], torso + shifts[:, 2:]
        fine = F.pixel_shuffle(self.leave(met).float(), CELL)
        whole = {"scale_factor": CELL, "mode": "bilinear", "align_corners": False}
        moves = [F.interpolate(s - here_1, **whole) for s in (source_1, other)]
        move = moves[0] + torch.sigmoid(fine[:, :1]) * (moves[1] - moves[0])
        shadow = doubled(F.pixel_shuffle(self.shade(met).float(), 2))
        layers = torch.cat([move, torch.sigmoid(fine[:, 1:3]), torch.sigmoid(shadow), torch.tanh(fine[:, 3:])], 1)
        return [source_3, source_2, source_1], layers, fine[:, 1:3]
