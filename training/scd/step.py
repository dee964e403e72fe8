"""One step of an optimiser, shared by all processes, and of the running average of what it trains."""

import torch
from torch import nn

from . import processes

STEEPEST = 1.0


def take_step(loss, optimizer, parameters, averaged, keep):
    """`keep` is the share of the average that stays."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    processes.average_gradients(parameters)
    nn.utils.clip_grad_norm_(parameters, STEEPEST)
    optimizer.step()
    with torch.no_grad():
        torch._foreach_mul_(averaged, keep)
        torch._foreach_add_(averaged, parameters, alpha=1 - keep)
