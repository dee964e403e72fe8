"""diffusers' AutoencoderTiny: the same config, the same tensor names, the same arithmetic."""

from torch import nn
from torch.nn import functional as F
import torch

BEGINNING_NOISE = 0.1
ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU}


class Block(nn.Module):
    def __init__(self, channels, activation):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            activation(),
            nn.Conv2d(channels, channels, 3, padding=1),
            activation(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x):
        return F.relu(self.conv(x) + x)


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        activation = ACTIVATIONS[config["act_fn"]]
        layers = []
        for level, blocks in enumerate(config["num_encoder_blocks"]):
            channels = config["encoder_block_out_channels"][level]
            if level == 0:
                layers.append(nn.Conv2d(config["in_channels"], channels, 3, padding=1))
            else:
                layers.append(nn.Conv2d(channels, channels, 3, padding=1, stride=2, bias=False))
            layers += [Block(channels, activation) for _ in range(blocks)]
        layers.append(nn.Conv2d(channels, config["latent_channels"], 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, image):
        return self.layers((image + 1) / 2)


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        activation = ACTIVATIONS[config["act_fn"]]
        widths = config["decoder_block_out_channels"]
        layers = [nn.Conv2d(config["latent_channels"], widths[0], 3, padding=1), activation()]
        for level, blocks in enumerate(config["num_decoder_blocks"]):
            channels = widths[level]
            layers += [Block(channels, activation) for _ in range(blocks)]
            if level < len(widths) - 1:
                layers.append(nn.Upsample(scale_factor=config["upsampling_scaling_factor"]))
                layers.append(nn.Conv2d(channels, channels, 3, padding=1, bias=False))
            else:
                layers.append(nn.Conv2d(channels, config["out_channels"], 3, padding=1))
        self.layers = nn.Sequential(*layers)

    def forward(self, latents):
        return self.layers(torch.tanh(latents / 3) * 3) * 2 - 1


class AutoencoderTiny(nn.Module):
    """Images in [-1, 1]; the latents' side is the image's over `upsampling_scaling_factor ** (levels - 1)`."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def forward(self, image):
        return self.decoder(self.encoder(image))

    def initialize(self):
        """For training. Random weights take long to discover colour at 16x, so the network begins as a thumbnail.

        The encoder packs neighbouring pixels into channels while there is room and averages 2x2 of them from then on;
        the decoder repeats the mean colour; every block begins as the identity. A little noise breaks the symmetry.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, Block):
                    module.conv[-1].weight.zero_()
            grid = self._begin_encoder()
            self._begin_decoder(3 * grid * grid)
        return self

    def _begin_encoder(self):
        convolutions = [layer for layer in self.encoder.layers if isinstance(layer, nn.Conv2d)]
        room = min(layer.out_channels for layer in convolutions)
        grid = 1
        for layer in convolutions:
            layer.weight *= BEGINNING_NOISE
        for colour in range(3):
            convolutions[0].weight[colour, colour, 1, 1] += 1
        for layer in convolutions[1:-1]:
            finer = grid * 2 if 3 * (grid * 2) ** 2 <= room else grid
            boxes = 2 * grid // finer
            for colour in range(3):
                for row in range(2 * grid):
                    for column in range(2 * grid):
                        target = (colour * finer + row // boxes) * finer + column // boxes
                        source = (colour * grid + row % grid) * grid + column % grid
                        layer.weight[target, source, 1 + row // grid, 1 + column // grid] += 1 / boxes**2
            grid = finer
        for channel in range(3 * grid * grid):
            convolutions[-1].weight[channel, channel, 1, 1] += 1
        return grid

    def _begin_decoder(self, used):
        convolutions = [layer for layer in self.decoder.layers if isinstance(layer, nn.Conv2d)]
        for layer in convolutions:
            layer.weight *= BEGINNING_NOISE
        # Whitened latents in, brightness around 0.5 +- 0.25 out: above zero, where ReLU lets everything pass.
        convolutions[0].bias.fill_(0.5)
        for channel in range(used):
            convolutions[0].weight[channel, channel, 1, 1] += 0.25
            for layer in convolutions[1:-1]:
                layer.weight[channel, channel, 1, 1] += 1
            convolutions[-1].weight[channel * 3 // used, channel, 1, 1] += 3 / used
