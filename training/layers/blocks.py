"""What the layers' networks are built of: all of them small and fully convolutional."""

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class Entry(nn.Module):
    """A convolution and residual blocks."""

    def __init__(self, inputs, channels, blocks, stride=1):
        super().__init__()
        self.enter = nn.Conv2d(inputs, channels, 3, stride=stride, padding=1)
        self.blocks = nn.Sequential(*(Residual(channels) for _ in range(blocks)))

    def forward(self, x):
        return self.blocks(F.relu(self.enter(x)))


class Hourglass(nn.Module):
    """Features of pictures: cells of CELL pixels, halved level by level and brought back, then pixels beside the pictures.

    `widths` and `counts`: channels and residual blocks of each level, the finest first; `last`: channels at full size.
    Sides must be multiples of CELL times 2 to the number of levels less one.
    """

    CELL = 4

    def __init__(self, inputs, outputs, widths, counts, last):
        super().__init__()
        self.cells = nn.Conv2d(inputs, widths[0], self.CELL, stride=self.CELL)
        pairs = list(zip([widths[0], *widths], widths))
        self.down = nn.ModuleList(Entry(wide, narrow, n, 2 if level else 1) for level, ((wide, narrow), n) in enumerate(zip(pairs, counts)))
        self.up = nn.ModuleList(nn.Conv2d(deep, shallow, 1) for shallow, deep in zip(widths, widths[1:]))
        self.mend = nn.ModuleList(Residual(width) for width in widths[:-1])
        self.leave = nn.Conv2d(widths[0], last, 1)
        self.last = nn.Conv2d(last + inputs, last, 3, padding=1)
        self.out = nn.Conv2d(last, outputs, 3, padding=1)

    def initialize(self):
        """Begins by giving nothing: zeros everywhere."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
            if isinstance(module, Residual):
                nn.init.zeros_(module.second.weight)
        nn.init.zeros_(self.out.weight)
        return self

    def forward(self, pictures):
        x = F.relu(self.cells(pictures))
        levels = []
        for entry in self.down:
            x = entry(x)
            levels.append(x)
        for level in reversed(range(len(self.up))):
            x = F.interpolate(self.up[level](x), scale_factor=2) + levels[level]
            x = self.mend[level](x)
        x = F.interpolate(self.leave(x), scale_factor=self.CELL, mode="bilinear", align_corners=False)
        x = F.relu(self.last(torch.cat([x, pictures], 1)))
        return self.out(x)
