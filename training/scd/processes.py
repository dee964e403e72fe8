"""Several one-thread processes that share each step's gradient: on a CPU they outrun one process with several threads."""

import os

import torch
import torch.distributed as dist

SIZE = int(os.environ.get("WORLD_SIZE", "1"))
RANK = int(os.environ.get("RANK", "0"))


def start():
    if SIZE > 1:
        dist.init_process_group("gloo")


def total(tensor):
    """The sum over all processes, in place."""
    if SIZE > 1:
        dist.all_reduce(tensor)
    return tensor


def average_gradients(parameters):
    if SIZE == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = total(torch.cat([g.reshape(-1) for g in gradients])) / SIZE
    offset = 0
    for gradient in gradients:
        count = gradient.numel()
        gradient.copy_(flat[offset : offset + count].view(gradient.shape))
        offset += count


def smallest(number):
    """What every process goes by where each would say something a little different."""
    if SIZE == 1:
        return number
    told = torch.tensor([number])
    dist.all_reduce(told, dist.ReduceOp.MIN)
    return int(told)


def any_says(flag):
    """True in every process as soon as one of them says so, so that all leave a loop at the same step."""
    if SIZE == 1:
        return flag
    votes = torch.tensor([float(flag)])
    dist.all_reduce(votes)
    return bool(votes.item() > 0)
