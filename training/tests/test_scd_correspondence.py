import unittest

import numpy as np
import torch

from scd.correspondence import Guide, bilinear_shares
from scd.warp import limb_sources, middles


def standing(shift=0):
    """Joints of somebody who stands in the middle of 256x256, moved to the right by `shift`."""
    joints = np.zeros((18, 3), np.float32)
    places = {0: (128, 60), 1: (128, 90), 8: (118, 150), 11: (138, 150)}
    for joint, (x, y) in places.items():
        joints[joint] = x + shift, y, 1
    return joints


class TestSources(unittest.TestCase):
    def test_an_unmoved_person_comes_from_where_it_stands(self):
        places = middles(256, 256, 16)
        self.assertEqual(places.shape, (16, 16))
        self.assertEqual(places[0, 1], 24 + 8j)
        np.testing.assert_allclose(limb_sources(places, standing(), standing(), 256), places, atol=1e-6)

    def test_a_moved_person_comes_from_before_and_the_far_background_stays(self):
        body, corner = 178 + 110j, 8 + 248j
        sources = limb_sources(np.array([body, corner]), standing(), standing(50), 256)
        self.assertAlmostEqual(sources[0].real, 128, delta=1.5)
        self.assertAlmostEqual(abs(sources[1] - corner), 0, delta=0.1)


class TestGuide(unittest.TestCase):
    def test_shares_of_the_four_cells_around_a_place(self):
        cells, shares = bilinear_shares(torch.tensor([[[0.375, 0.125], [0.5, 0.125], [0.0, 1.0]]]), 4)
        self.assertEqual(float(shares.sum()), 3)
        found = [dict(zip(c.tolist(), s.tolist())) for c, s in zip(cells[0], shares[0])]
        self.assertEqual(found[0][1], 1)  # the middle of the second cell of the first row
        self.assertEqual((found[1][1], found[1][2]), (0.5, 0.5))  # on the border of two
        self.assertEqual(found[2][12], 1)  # beyond the last middles: the corner

    def loss(self, sharpness):
        """Attention of 2x2 targets that look at the very same cell of the reference, more or less sharply."""
        side, own = 2, torch.zeros(1, 1, 4, 4)
        queries = sharpness * torch.eye(4)[None, None]
        x, y = np.meshgrid([0.25, 0.75], [0.25, 0.75])
        guide = Guide(torch.from_numpy(np.stack([x, y])[None]).float(), torch.ones(1, 1, side, side))
        guide.watch(queries, torch.cat([torch.eye(4)[None, None], own], 2))
        return float(guide.loss())

    def test_rewards_looking_at_the_right_place(self):
        self.assertAlmostEqual(self.loss(0), np.log(8), places=5)  # eight tokens, all alike
        self.assertLess(self.loss(20), 0.01)
        self.assertGreater(self.loss(-20), 5)


if __name__ == "__main__":
    unittest.main()
