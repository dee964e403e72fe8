"""diffusers' AutoencoderKL in plain PyTorch, with its tensor names and arithmetic: a truth to measure against."""

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-6


class Resnet(nn.Module):
    def __init__(self, channels_in, channels_out, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, channels_in, EPSILON)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, channels_out, EPSILON)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        if channels_in != channels_out:
            self.conv_shortcut = nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


class Attention(nn.Module):
    """One head as wide as the picture has channels."""

    def __init__(self, channels, groups):
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, channels, EPSILON)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        scores = self.to_q(tokens) @ self.to_k(tokens).transpose(1, 2) * x.shape[1] ** -0.5
        mixed = self.to_out[0](scores.softmax(-1) @ self.to_v(tokens))
        return mixed.transpose(1, 2).reshape(x.shape) + x


class Middle(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.attentions = nn.ModuleList([Attention(channels, groups)])
        self.resnets = nn.ModuleList([Resnet(channels, channels, groups) for _ in range(2)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Conv(nn.Module):
    """Under the name that diffusers gives a change of size."""

    def __init__(self, channels, stride):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=stride, padding=0 if stride == 2 else 1)

    def forward(self, x):
        return self.conv(x)


class Block(nn.Module):
    def __init__(self, channels_in, channels_out, layers, groups, resize):
        super().__init__()
        widths = [channels_in] + [channels_out] * (layers - 1)
        self.resnets = nn.ModuleList([Resnet(width, channels_out, groups) for width in widths])
        if resize == "down":
            self.downsamplers = nn.ModuleList([Conv(channels_out, 2)])
        if resize == "up":
            self.upsamplers = nn.ModuleList([Conv(channels_out, 1)])

    def forward(self, x):
        for resnet in self.resnets:
            x = resnet(x)
        if hasattr(self, "downsamplers"):
            x = self.downsamplers[0](F.pad(x, (0, 1, 0, 1)))
        if hasattr(self, "upsamplers"):
            x = self.upsamplers[0](F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return x


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, groups, layers = config["block_out_channels"], config["norm_num_groups"], config["layers_per_block"]
        self.conv_in = nn.Conv2d(config["in_channels"], widths[0], 3, padding=1)
        resize = ["down"] * (len(widths) - 1) + [None]
        before = [widths[0], *widths[:-1]]
        self.down_blocks = nn.ModuleList([Block(a, b, layers, groups, r) for a, b, r in zip(before, widths, resize)])
        self.mid_block = Middle(widths[-1], groups)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], EPSILON)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config["latent_channels"], 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        widths, groups, layers = config["block_out_channels"][::-1], config["norm_num_groups"], config["layers_per_block"]
        self.conv_in = nn.Conv2d(config["latent_channels"], widths[0], 3, padding=1)
        self.mid_block = Middle(widths[0], groups)
        resize = ["up"] * (len(widths) - 1) + [None]
        before = [widths[0], *widths[:-1]]
        self.up_blocks = nn.ModuleList([Block(a, b, layers + 1, groups, r) for a, b, r in zip(before, widths, resize)])
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], EPSILON)
        self.conv_out = nn.Conv2d(widths[-1], config["out_channels"], 3, padding=1)

    def forward(self, x):
        x = self.mid_block(self.conv_in(x))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class AutoencoderKL(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels = config["latent_channels"]
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.quant_conv = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.post_quant_conv = nn.Conv2d(channels, channels, 1)

    def encode(self, image):
        """The distribution's mode."""
        return self.quant_conv(self.encoder(image)).chunk(2, 1)[0]

    def decode(self, latents):
        return self.decoder(self.post_quant_conv(latents))
