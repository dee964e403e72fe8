import unittest

import torch

from scd.critic import Adversary

SETTINGS = {"channels": 8, "learning_rate": 2e-3, "noise": 0.0, "weight": 0.5}


def striped(count):
    return torch.cat([torch.ones(count, 3, 32, 16), -torch.ones(count, 3, 32, 16)], 3)


class TestAdversary(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.adversary = Adversary(SETTINGS, torch.device("cpu"))

    def test_learns_to_tell_blurred_pictures_from_true_ones(self):
        true, blurred = striped(4), torch.zeros(4, 3, 32, 32)
        share = [self.adversary.learn(true, blurred) for _ in range(60)][-1]
        self.assertGreater(share, 0.9)

    def test_pulls_the_made_half_alone_as_steeply_as_asked(self):
        picture = torch.zeros(4, 3, 32, 32, requires_grad=True)
        loss = (picture - striped(4)).abs().mean()
        (plain,) = torch.autograd.grad(loss, picture, retain_graph=True)
        (pull,) = torch.autograd.grad(self.adversary.pull(loss, picture, picture[:2]), picture)
        self.assertAlmostEqual(float(pull[:2].norm() / plain[:2].norm()), 0.5, places=4)
        self.assertEqual(float(pull[2:].abs().max()), 0)


if __name__ == "__main__":
    unittest.main()
