"""A critic of pictures: it keeps a network from answering what it is unsure of with the mean of all that might be.

Squared and absolute errors are least for a blur. The critic is shown a picture and the skeleton that was asked for, and
learns to tell made ones from true ones, patch by patch; the network is pulled to where the critic cannot, and to where
its layers answer as they do for the truth.
"""

import torch
from torch import nn
from torch.nn import functional as F

from . import processes

SLOPE = 0.2
PICTURE, SKELETON = 3, 3
OUTLINE = 4  # pixels beside the person that count as its outline


class Critic(nn.Module):
    """Judges patches of about 46 pixels, one every 8, and of about 140, one every 16."""

    def __init__(self, channels):
        super().__init__()
        widths = [PICTURE + SKELETON, channels, channels * 2, channels * 4, channels * 4]
        self.down = nn.ModuleList(
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1) for narrow, wide in zip(widths, widths[1:])
        )
        self.same = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths[3:])
        self.out = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for width in widths[3:])

    def forward(self, picture, skeleton):
        """The scores of all patches, (n, patches), above 0 for what it takes for true; and what its layers say."""
        x = torch.cat([picture, skeleton], 1)
        answers, scores = [], []
        for level, layer in enumerate(self.down):
            x = F.leaky_relu(layer(x), SLOPE)
            answers.append(x)
            judge = level - (len(self.down) - len(self.out))
            if judge >= 0:
                y = F.leaky_relu(self.same[judge](x), SLOPE)
                answers.append(y)
                scores.append(self.out[judge](y).float().flatten(1))
        return torch.cat(scores, 1), answers


def unlikeness(answers, true_answers):
    """How differently the layers answer, each over the size of its answers."""
    shares = [(a - b).float().abs().mean() / (b.float().abs().mean() + 1e-6) for a, b in zip(answers, true_answers)]
    return torch.stack(shares).mean()


class Adversary:
    """The critic, its optimiser, and what it asks of the network."""

    def __init__(self, settings, device, bfloat16=False):
        self.settings, self.bfloat16 = settings, bfloat16
        self.critic = Critic(settings["channels"]).to(device, memory_format=torch.channels_last)
        self.parameters = list(self.critic.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, settings["learning_rate"], betas=(0.5, 0.99))
        self.told_apart = 0.5  # share of the patches, in the last round

    def clouded(self, picture):
        """With a little noise, so that the critic cannot tell the two by what nobody would see."""
        return picture + self.settings["noise"] * torch.randn_like(picture)

    def judge(self, true, made, skeleton):
        """One round: the critic learns from both. Gives two slopes at `made`: to be taken for true, to be answered alike."""
        seen = made.detach().requires_grad_()
        with torch.autocast(made.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            of_true, true_answers = self.critic(self.clouded(true), skeleton)
            of_made, answers = self.critic(self.clouded(seen), skeleton)
        (to_pass,) = torch.autograd.grad(-of_made.mean(), seen, retain_graph=True)
        alike = unlikeness(answers, [answer.detach() for answer in true_answers])
        (to_match,) = torch.autograd.grad(alike, seen, retain_graph=True)
        self.optimizer.zero_grad(set_to_none=True)
        (F.relu(1 - of_true).mean() + F.relu(1 + of_made).mean()).backward()
        processes.average_gradients(self.parameters)
        self.optimizer.step()
        self.told_apart = float(((of_true > 0).float().mean() + (of_made < 0).float().mean()) / 2)
        return to_pass, to_match

    def pull(self, loss, output, true, skeleton, person):
        """A loss for the first pictures of `output`, as many as `true` has, beside `loss`: each of the critic's two
        slopes is `weight`, or `matching`, times as steep there as `loss`'s; around the person `elsewhere` times that."""
        made = output[: len(true)]
        slopes = self.judge(true, made, skeleton)
        (error_slope,) = torch.autograd.grad(loss, output, retain_graph=True)
        steep = error_slope[: len(true)].norm()
        outlined = F.max_pool2d(person, 2 * OUTLINE + 1, 1, OUTLINE)
        where = outlined + (1 - outlined) * self.settings["elsewhere"]
        wanted = self.settings["weight"], self.settings["matching"]
        return sum((made * where * (w * steep / (slope.norm() + 1e-12) * slope)).sum() for w, slope in zip(wanted, slopes))
