"""What the try-on's trainings rest on, without any assets."""

import unittest

import numpy as np
import torch

from people.pose import neutral
from people.render import render
from people.scene import Stage, random_setting, random_view
from tests.box_person import BoxPerson
from tryon.batches import placed
from tryon.parser import INPUTS, JOINTS, Parser
from tryon.train_parser import dice, joints_loss


class Labels(unittest.TestCase):
    def test_follow_the_mask(self):
        rng = np.random.default_rng(2)
        person = BoxPerson()
        view = random_view(rng, person.body.height, 64, 64, "full")
        stage = Stage(random_setting(rng, view, "studio"), view, 64, 64)
        labels = np.zeros((64, 64), np.uint8)
        _, mask, _ = render(person, neutral(), stage, labels=labels)
        # Parts without labels of their own count as 1.
        np.testing.assert_array_equal(labels > 0, mask > 0)
        self.assertEqual(set(np.unique(labels)), {0, 1})


class Parsing(unittest.TestCase):
    def test_sizes_and_budget(self):
        network = Parser({"classes": 9, "block_out_channels": [16, 24, 48, 80, 96], "layers_per_block": [0, 1, 1, 1, 1]})
        self.assertLess(sum(p.numel() for p in network.parameters()), 1_500_000)
        labels, joints = network(*(torch.zeros(1, channels, 64, 96) for channels in INPUTS.values()))
        self.assertEqual((tuple(labels.shape), tuple(joints.shape)), ((1, 9, 32, 48), (1, len(JOINTS), 16, 24)))

    def test_losses_know_the_truth(self):
        labels = torch.randint(0, 3, (1, 8, 8))
        right = torch.nn.functional.one_hot(labels, 3).permute(0, 3, 1, 2).float() * 20
        self.assertLess(float(dice(right, labels, 3)), 0.01)
        self.assertGreater(float(dice(right.roll(1, 1), labels, 3)), 0.9)
        joints = torch.zeros(1, 18, 3)
        joints[:, JOINTS] = torch.tensor([22.0, 14.0, 1.0])
        spots = torch.zeros(1, len(JOINTS), 8, 8)
        even = float(joints_loss(spots, joints))
        spots[:, :, 3, 5] = 3
        self.assertLess(float(joints_loss(spots, joints)), even)

    def test_labels_and_joints_move_with_the_picture(self):
        image, labels, joints = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8), np.zeros((18, 3))
        image[30:34, 20:24], labels[30:34, 20:24] = 255, 4
        joints[1] = 22, 32, 1
        for seed in range(8):
            moved, names, places = placed(image, labels, joints, np.random.default_rng(seed), True, 64)
            if places[1, 2]:
                rows, columns = np.nonzero(names)
                self.assertLess(abs(columns.mean() + 0.5 - places[1, 0]) + abs(rows.mean() + 0.5 - places[1, 1]), 1.5)
                self.assertGreater(moved[names > 0].mean(), moved[names == 0].mean() + 0.5)


if __name__ == "__main__":
    unittest.main()
