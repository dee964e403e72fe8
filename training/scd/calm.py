"""The default pack's motion modules: after a self-attention, every token looks at itself in the frames around.

    norm    = LayerNorm(what attention gave, and the token's own query)
    moved   = what attention gave + out(sum over frames of share * value - value of the frame itself)
    share   = softmax over frames of (query . key / sqrt(width of a head) - slope of the head * distance in time)

A value is a linear map of what attention gave, so a picture that stands still is left alone, and `out` begins at zero. Keys
and values are functions of their own frame: under a causal mask a live session keeps those of the last frames in a ring.
Distances are all that a module knows of time, so a ring has no beginning.
"""

import torch
from torch import nn

from .layers import LayerNorm


def time_bias(frames, slopes, causal, device=None):
    """[heads, frames, frames]: what distance costs; under a causal mask no frame sees a later one."""
    at = torch.arange(frames, device=device)
    distance = at[:, None] - at[None]
    bias = -torch.tensor(slopes, device=device)[:, None, None] * distance.abs()
    return bias.masked_fill(distance < 0, float("-inf")) if causal else bias


class TemporalAttention(nn.Module):
    def __init__(self, channels, config):
        super().__init__()
        self.heads, width = len(config["slopes"]), config["width"]
        self.norm = LayerNorm(2 * channels)
        self.to_q = nn.Linear(2 * channels, width, bias=False)
        self.to_k = nn.Linear(2 * channels, width, bias=False)
        self.to_v = nn.Linear(channels, channels, bias=False)
        self.to_out = nn.Linear(channels, channels, bias=False)
        nn.init.eye_(self.to_v.weight)
        nn.init.zeros_(self.to_out.weight)

    def forward(self, attention, queries, bias):
        """Frames of one clip: [frames, tokens, channels]. `bias` comes from `time_bias`."""
        frames, tokens, channels = attention.shape

        def split(x):
            return x.reshape(frames, tokens, self.heads, -1).permute(1, 2, 0, 3)

        seen = self.norm(torch.cat([attention, queries], -1))
        query, key, values = split(self.to_q(seen)), split(self.to_k(seen)), self.to_v(attention)
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + bias
        mixed = (scores.softmax(-1) @ split(values)).permute(2, 0, 1, 3).reshape(attention.shape)
        return attention + self.to_out(mixed - values)


def self_attentions(unet):
    """In the order in which a pass meets them."""
    blocks = [*unet.down_blocks, unet.mid_block, *unet.up_blocks]
    transformers = [t for block in blocks for t in getattr(block, "attentions", [])]
    return [block.attn1 for transformer in transformers for block in transformer.transformer_blocks]


def attach(unet, config):
    """Gives every self-attention a module; the list of them is what is trained and saved, under `motion.i`."""
    modules = nn.ModuleList([TemporalAttention(attention.to_q.in_features, config) for attention in self_attentions(unet)])
    for attention, module in zip(self_attentions(unet), modules):
        # Not as a child: the U-Net's own tensors stay what they are.
        object.__setattr__(attention, "motion", module)
    return modules
