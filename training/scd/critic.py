"""A critic of pictures: it keeps a decoder from answering an unsure latent with the mean of all that it might show.

Squared and absolute errors are least for a blur. The critic learns to tell decoded pictures from true ones, patch by
patch, and the decoder is also pulled to where the critic cannot.
"""

import torch
from torch import nn
from torch.nn import functional as F

from . import processes

SLOPE = 0.2


class Critic(nn.Module):
    """Judges patches of about 46 pixels, one every 8."""

    def __init__(self, channels):
        super().__init__()
        widths = [3, channels, channels * 2, channels * 4]
        self.layers = nn.ModuleList(
            [nn.Conv2d(narrow, wide, 4, stride=2, padding=1) for narrow, wide in zip(widths, widths[1:])]
            + [nn.Conv2d(widths[-1], widths[-1], 3, padding=1)]
        )
        self.out = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, image):
        x = image
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        return self.out(x).float()


class Adversary:
    """The critic, its optimiser, and what it asks of the network."""

    def __init__(self, settings, device):
        self.settings = settings
        self.critic = Critic(settings["channels"]).to(device, memory_format=torch.channels_last)
        self.parameters = list(self.critic.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, settings["learning_rate"], betas=(0.5, 0.99))

    def clouded(self, image):
        """With a little noise, so that the critic cannot tell the two by what nobody would see."""
        return image + self.settings["noise"] * torch.randn_like(image)

    def pull(self, loss, output, made):
        """A loss for `made`, a part of `output`, whose slope is `weight` times as steep there as `loss`'s."""
        (error_slope,) = torch.autograd.grad(loss, output, retain_graph=True)
        seen = made.detach().requires_grad_()
        (slope,) = torch.autograd.grad(-self.critic(self.clouded(seen)).mean(), seen)
        scale = self.settings["weight"] * error_slope[: len(made)].norm() / (slope.norm() + 1e-12)
        return (made * (scale * slope)).sum()

    def learn(self, true, made):
        """One step of the critic. Gives the share of patches that it tells apart."""
        judged = self.critic(self.clouded(torch.cat([true, made.detach()])))
        is_true, is_made = judged[: len(true)], judged[len(true) :]
        self.optimizer.zero_grad(set_to_none=True)
        (F.relu(1 - is_true).mean() + F.relu(1 + is_made).mean()).backward()
        processes.average_gradients(self.parameters)
        self.optimizer.step()
        return float(((is_true > 0).float().mean() + (is_made < 0).float().mean()) / 2)
