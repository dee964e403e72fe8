"""The layers of diffusers' UNet2DConditionModel, with its tensor names and arithmetic."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from .activations import gelu, silu

# Its Transformer2DModel fixes this, whatever norm_eps says.
TRANSFORMER_NORM_EPS = 1e-6


class GroupNorm(nn.GroupNorm):
    """In float32 whatever the input: bfloat16's sums over a group are too coarse."""

    def forward(self, x):
        return F.group_norm(x.float(), self.num_groups, self.weight, self.bias, self.eps)


class LayerNorm(nn.LayerNorm):
    """In float32 too."""

    def forward(self, x):
        return F.layer_norm(x.float(), self.normalized_shape, self.weight, self.bias, self.eps)


def timestep_features(timesteps, width, flip_sin_to_cos, freq_shift):
    half = width // 2
    exponents = -math.log(10000) * torch.arange(half, dtype=torch.float32, device=timesteps.device) / (half - freq_shift)
    angles = timesteps.float()[:, None] * exponents.exp()[None]
    sine, cosine = angles.sin(), angles.cos()
    return torch.cat([cosine, sine] if flip_sin_to_cos else [sine, cosine], 1)


class TimestepEmbedding(nn.Module):
    def __init__(self, width, embedded):
        super().__init__()
        self.linear_1 = nn.Linear(width, embedded)
        self.linear_2 = nn.Linear(embedded, embedded)

    def forward(self, features):
        return self.linear_2(silu(self.linear_1(features)))


class ResnetBlock(nn.Module):
    def __init__(self, channels_in, channels_out, embedded, groups, eps):
        super().__init__()
        self.norm1 = GroupNorm(groups, channels_in, eps)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.time_emb_proj = nn.Linear(embedded, channels_out)
        self.norm2 = GroupNorm(groups, channels_out, eps)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        if channels_in != channels_out:
            self.conv_shortcut = nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x, time):
        h = self.conv1(silu(self.norm1(x)))
        h = h + self.time_emb_proj(silu(time))[:, :, None, None]
        h = self.conv2(silu(self.norm2(h)))
        return h + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attention(nn.Module):
    def __init__(self, channels, context_channels, heads):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context_channels, channels, bias=False)
        self.to_v = nn.Linear(context_channels, channels, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def keys_and_values(self, context):
        return self.to_k(context), self.to_v(context)

    motion = None

    def forward(self, x, keys, values, watch=None, time=None):
        """`time` is set where the batch is the frames of one clip and motion modules join them."""
        batch, tokens, channels = x.shape

        def split(t):
            return t.view(batch, t.shape[1], self.heads, channels // self.heads).transpose(1, 2)

        asked = self.to_q(x)
        queries, keys = split(asked), split(keys)
        if watch:
            watch(queries, keys)
        mixed = attend(queries, keys, split(values)).transpose(1, 2).reshape(batch, tokens, channels)
        if time is not None and self.motion is not None:
            mixed = self.motion(mixed, asked, time)
        return self.to_out[0](mixed)


def attend(queries, keys, values):
    if queries.is_cuda:
        return F.scaled_dot_product_attention(queries, keys, values)
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
    return scores.float().softmax(-1).to(values.dtype) @ values


class GEGLU(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.proj = nn.Linear(channels, hidden * 2)

    def forward(self, x):
        value, gate = self.proj(x).chunk(2, -1)
        return value * gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, channels):
        super().__init__()
        # The middle entry is diffusers' dropout; it holds its place so that the names agree.
        self.net = nn.ModuleList([GEGLU(channels, channels * 4), nn.Identity(), nn.Linear(channels * 4, channels)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class TransformerBlock(nn.Module):
    def __init__(self, channels, heads, cross_attention_dim):
        super().__init__()
        self.norm1 = LayerNorm(channels)
        self.attn1 = Attention(channels, channels, heads)
        if cross_attention_dim is not None:
            self.norm2 = LayerNorm(channels)
            self.attn2 = Attention(channels, cross_attention_dim, heads)
        self.norm3 = LayerNorm(channels)
        self.ff = FeedForward(channels)

    def forward(self, x, tokens, memory):
        normed = self.norm1(x)
        keys, values = memory.exchange(*self.attn1.keys_and_values(normed))
        x = self.attn1(normed, keys, values, watch=memory.watch, time=memory.time) + x
        if hasattr(self, "attn2"):
            x = self.attn2(self.norm2(x), *self.attn2.keys_and_values(tokens)) + x
        return self.ff(self.norm3(x)) + x


class Transformer(nn.Module):
    def __init__(self, channels, heads, config):
        super().__init__()
        self.linear = config.get("use_linear_projection", False)
        self.norm = GroupNorm(config["norm_num_groups"], channels, TRANSFORMER_NORM_EPS)
        self.proj_in = nn.Linear(channels, channels) if self.linear else nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(channels, heads, config["cross_attention_dim"])])
        self.proj_out = nn.Linear(channels, channels) if self.linear else nn.Conv2d(channels, channels, 1)

    def forward(self, x, tokens, memory):
        batch, channels, height, width = x.shape
        h = self.norm(x)
        if not self.linear:
            h = self.proj_in(h)
        h = h.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        if self.linear:
            h = self.proj_in(h)
        for block in self.transformer_blocks:
            h = block(h, tokens, memory)
        if self.linear:
            h = self.proj_out(h)
        h = h.reshape(batch, height, width, channels).permute(0, 3, 1, 2)
        if not self.linear:
            h = self.proj_out(h)
        return h + x


class Downsample(nn.Module):
    def __init__(self, channels, padding):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=padding)

    def forward(self, x):
        return self.conv(x)


class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x.float(), scale_factor=2.0, mode="nearest"))
