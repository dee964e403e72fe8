import unittest

import torch

from scd.critic import Adversary

SETTINGS = {"channels": 8, "learning_rate": 2e-3, "noise": 0.0, "weight": 0.5, "matching": 0.0, "elsewhere": 1.0}


def striped(count):
    return torch.cat([torch.ones(count, 3, 32, 16), -torch.ones(count, 3, 32, 16)], 3)


class TestAdversary(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.adversary = Adversary(SETTINGS, torch.device("cpu"))
        self.skeleton = torch.zeros(4, 3, 32, 32)
        self.person = torch.zeros(2, 1, 32, 32)

    def test_learns_to_tell_blurred_pictures_from_true_ones(self):
        true, blurred = striped(4), torch.zeros(4, 3, 32, 32)
        for _ in range(60):
            self.adversary.judge(true, blurred, self.skeleton)
        self.assertGreater(self.adversary.told_apart, 0.9)

    def test_sees_whether_a_picture_is_of_the_skeleton(self):
        """The same pictures on both sides: only which skeleton they come with tells them apart."""
        pictures = torch.cat([striped(2), -striped(2)])
        skeletons = pictures.clamp(0, 1)
        both = torch.cat([pictures, pictures]), torch.cat([skeletons, skeletons])
        for _ in range(120):
            true = both[0]
            made = -both[0]
            self.adversary.judge(true, made, both[1])
        self.assertGreater(self.adversary.told_apart, 0.9)

    def test_pulls_what_is_made_alone_as_steeply_as_asked(self):
        picture = torch.zeros(4, 3, 32, 32, requires_grad=True)
        loss = (picture - striped(4)).abs().mean()
        (plain,) = torch.autograd.grad(loss, picture, retain_graph=True)
        asked = self.adversary.pull(loss, picture, striped(2), self.skeleton[:2], self.person)
        (pull,) = torch.autograd.grad(asked, picture)
        self.assertAlmostEqual(float(pull[:2].norm() / plain[:2].norm()), 0.5, places=4)
        self.assertEqual(float(pull[2:].abs().max()), 0)

    def test_pulls_less_where_there_is_no_person(self):
        self.adversary.settings = {**SETTINGS, "elsewhere": 0.0}
        self.person[..., 16:] = 1
        picture = torch.zeros(2, 3, 32, 32, requires_grad=True)
        loss = (picture - striped(2)).abs().mean()
        (pull,) = torch.autograd.grad(self.adversary.pull(loss, picture, striped(2), self.skeleton[:2], self.person), picture)
        self.assertEqual(float(pull[..., :12].abs().max()), 0)
        self.assertGreater(float(pull[..., 12:].abs().max()), 0)

    def test_pulls_towards_what_its_layers_say_of_the_truth(self):
        adversary = Adversary({**SETTINGS, "weight": 0.0, "matching": 1.0}, torch.device("cpu"))
        picture = torch.zeros(2, 3, 32, 32, requires_grad=True)
        loss = (picture - striped(2)).abs().mean()
        (pull,) = torch.autograd.grad(adversary.pull(loss, picture, striped(2), self.skeleton[:2], self.person), picture)
        self.assertLess(float((pull * striped(2)).sum()), 0)


if __name__ == "__main__":
    unittest.main()
