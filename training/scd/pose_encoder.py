"""diffusers' ControlNetConditioningEmbedding: a skeleton image in, features of the latents' size out."""

from torch import nn

from .activations import silu


class ControlNetConditioningEmbedding(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        widths = config["block_out_channels"]
        self.conv_in = nn.Conv2d(config["conditioning_channels"], widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for narrow, wide in zip(widths, widths[1:]):
            self.blocks.append(nn.Conv2d(narrow, narrow, 3, padding=1))
            self.blocks.append(nn.Conv2d(narrow, wide, 3, padding=1, stride=2))
        self.conv_out = nn.Conv2d(widths[-1], config["conditioning_embedding_channels"], 3, padding=1)

    def forward(self, skeleton):
        x = silu(self.conv_in(skeleton))
        for block in self.blocks:
            x = silu(block(x))
        return self.conv_out(x)
