"""Shows attention early in training where to look: in the reference, at the place that the limbs' movement points to.

Which place of the reference a place of the target shows is what a network learns last from colours alone. The joints
tell it roughly (see scd.warp), and that is enough to begin with; the weight of this loss then falls to nothing.
"""

import torch
from torch.nn import functional as F

GUIDED = 3  # the last layers of self-attention, nearest to the output


def bilinear_shares(sources, side):
    """Which of `side` x `side` cells a place lies in: four cells and their shares. `sources`: (batch, cells, 2) in [0, 1]."""
    at = (sources * side - 0.5).clamp(0, side - 1)
    first = at.floor().clamp(max=max(side - 2, 0))
    x, y = (at - first).unbind(-1)
    left, top = first.long().unbind(-1)
    right, bottom = (left + 1).clamp(max=side - 1), (top + 1).clamp(max=side - 1)
    cells = torch.stack([top * side + left, top * side + right, bottom * side + left, bottom * side + right], -1)
    return cells, torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], -1)


class Guide:
    """Watches a target pass's attention. `sources` (batch, 2, rows, columns): x and y in [0, 1]; `counts` as the loss's."""

    def __init__(self, sources, counts):
        self.sources, self.counts = sources, counts
        self.losses = []

    def watch(self, queries, keys):
        """The cross entropy between the first head's attention and the place it should look at."""
        tokens = queries.shape[2]
        side = int(tokens**0.5)
        cells, shares = bilinear_shares(F.adaptive_avg_pool2d(self.sources, side).flatten(2).transpose(1, 2), side)
        scores = (queries[:, 0] * queries.shape[-1] ** -0.5) @ keys[:, 0].transpose(-1, -2)
        surprise = -(scores.float().log_softmax(-1).gather(-1, cells) * shares).sum(-1)
        counts = F.adaptive_avg_pool2d(self.counts, side).flatten(1)
        self.losses.append((surprise * counts).sum() / counts.sum().clamp(min=1))

    def loss(self):
        return torch.stack(self.losses).mean()
