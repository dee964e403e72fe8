"""An optimiser for matrices that moves all their directions alike (Muon; Jordan et al., 2024).

Adam follows the few directions in which a weight's gradient is steep, and what needs many faint ones, such as copying all
48 channels of a latent, hardly begins. Here the average gradient is made orthogonal first. Vectors go by Adam.
Processes share the matrices among them.
"""

import torch

from . import processes

NEWTON_SCHULZ = 3.4445, -4.7750, 2.0315  # rises fast from small values; ends near 1, not at it
ROUNDS = 5
MATCHED = 0.2  # a step's root mean square at rate 1, near Adam's, so that one rate serves both


def orthogonal(matrix, dtype):
    """The matrix with all its singular values near 1."""
    a, b, c = NEWTON_SCHULZ
    x = matrix.to(dtype)
    tall = x.shape[0] > x.shape[1]
    x = x.t() if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.t()
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.t() if tall else x).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.95, betas=(0.9, 0.99), weight_decay=0.01, bfloat16=False):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "betas": betas, "weight_decay": weight_decay})
        self.dtype = torch.bfloat16 if bfloat16 else torch.float32

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            moving = [p for p in group["params"] if p.grad is not None]
            matrices = [p for p in moving if p.dim() > 1]
            if matrices:
                self.move_matrices(matrices, group)
            for p in moving:
                if p.dim() == 1:
                    self.move_vector(p, group)

    def move_matrices(self, matrices, group):
        moves = []
        for index, p in enumerate(matrices):
            state = self.state[p]
            if not state:
                state["average"] = torch.zeros_like(p)
            average = state["average"].mul_(group["momentum"]).add_(p.grad)
            if index % processes.SIZE == processes.RANK:
                rows = (p.grad + group["momentum"] * average).reshape(len(p), -1)
                moves.append(orthogonal(rows, self.dtype).flatten() * (MATCHED * max(rows.shape) ** 0.5))
            else:
                moves.append(torch.zeros(p.numel(), device=p.device))
        flat = processes.total(torch.cat(moves))
        for p, move in zip(matrices, flat.split([p.numel() for p in matrices])):
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.sub_(move.view(p.shape), alpha=group["lr"])

    def move_vector(self, p, group):
        state = self.state[p]
        if not state:
            state.update(step=0, first=torch.zeros_like(p), second=torch.zeros_like(p))
        state["step"] += 1
        one, two = group["betas"]
        state["first"].lerp_(p.grad, 1 - one)
        state["second"].mul_(two).addcmul_(p.grad, p.grad, value=1 - two)
        spread = (state["second"] / (1 - two ** state["step"])).sqrt_().add_(1e-8)
        p.addcdiv_(state["first"], spread, value=-group["lr"] / (1 - one ** state["step"]))
