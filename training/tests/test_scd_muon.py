import unittest
from unittest import mock

import torch
from torch import nn

from scd import processes
from scd.muon import MATCHED, Muon, orthogonal

RATE = 0.01


def layers():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1, bias=False), nn.Conv2d(4, 6, 3))


def moved(network):
    """How far a step on fixed gradients moves each weight."""
    optimizer = Muon(network.parameters(), RATE, weight_decay=0)
    before = [p.detach().clone() for p in network.parameters()]
    torch.manual_seed(4)
    for p in network.parameters():
        p.grad = torch.randn_like(p)
    optimizer.step()
    return [p.detach() - b for p, b in zip(network.parameters(), before)]


class TestMuon(unittest.TestCase):
    def test_every_direction_counts_the_same(self):
        torch.manual_seed(1)
        for shape in ((24, 60), (60, 24)):
            u, _, v = torch.linalg.svd(torch.randn(shape), full_matrices=False)
            found = torch.linalg.svdvals(orthogonal(u @ torch.diag(torch.logspace(0, -2, 24)) @ v, torch.float32))
            self.assertGreater(float(found.min()), 0.5)
            self.assertLess(float(found.max()), 1.3)

    def test_a_step_goes_against_the_gradient_and_is_as_long_as_one_of_adam(self):
        network = layers()
        for move, p in zip(moved(network), network.parameters()):
            self.assertLess(float((move * p.grad).sum()), 0)
            if p.dim() > 1:
                rows = move.reshape(len(move), -1)
                full = MATCHED * RATE * (min(rows.shape) * max(rows.shape) / rows.numel()) ** 0.5
                self.assertAlmostEqual(float(rows.square().mean().sqrt()) / full, 1, delta=0.3)

    def test_vectors_go_by_adam(self):
        mine, theirs = nn.Parameter(torch.ones(5)), nn.Parameter(torch.ones(5))
        optimizers = Muon([mine], RATE), torch.optim.Adam([theirs], RATE, betas=(0.9, 0.99))
        for step in range(4):
            for p, optimizer in zip((mine, theirs), optimizers):
                p.grad = torch.arange(5.0) - step
                optimizer.step()
        torch.testing.assert_close(mine, theirs)

    def test_processes_share_the_work(self):
        alone = moved(layers())
        parts = []
        for rank in (0, 1):
            with mock.patch.multiple(processes, SIZE=2, RANK=rank, total=lambda tensor: parts.append(tensor) or tensor):
                moved(layers())
        matrices = torch.cat([move.reshape(-1) for move in alone if move.dim() > 1])
        torch.testing.assert_close(-RATE * sum(parts), matrices, atol=1e-6, rtol=1e-4)
        self.assertTrue(all(bool((part == 0).any()) for part in parts))


if __name__ == "__main__":
    unittest.main()
