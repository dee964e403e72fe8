"""What only the real assets can show: `python3 -m tests.people_with_assets --assets DIR` from the folder training/."""
import argparse
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

from people import assets as catalogue
from people import moves, scene
from people.render import render
from people.shards import HELD_OUT, add_asset_options, main, render_person
from people.wardrobe import Person, random_look


class DressedPeople(unittest.TestCase):
    assets = folder = None

    def test_a_person_is_decided_by_the_seed(self):
        first, again, other = (render_person(seed, self.assets, 96, 96, poses=2) for seed in (3, 3, 4))
        for a, b in zip(first[:3], again[:3]):
            np.testing.assert_array_equal(a, b)
        self.assertNotEqual(first[0].tobytes(), other[0].tobytes())

    def test_joints_lie_on_people(self):
        inside = total = 0
        for seed in range(12):
            _, masks, joints, _ = render_person(seed, self.assets, 192, 192, poses=3)
            for mask, points in zip(masks, joints):
                for x, y, score in points:
                    if score > 0:
                        total += 1
                        inside += mask[max(int(y) - 1, 0):int(y) + 2, max(int(x) - 1, 0):int(x) + 2].any()
        self.assertGreater(inside / total, .985)

    def test_people_stand_on_the_ground(self):
        for seed in range(8):
            person = Person(self.assets, random_look(np.random.default_rng(seed), self.assets))
            pose = moves.neutral()
            stage = scene.Stage(scene.random_setting(np.random.default_rng(0), scene.View("full", np.array([0., 8, 0]), 60., 0., 0., .5)), scene.View("full", np.array([0., 8, 0]), 60., 0., 0., .5), 64, 64)
            render(person, pose, stage)
            lowest = min(float(arrays[7][:, 1][arrays[2]].min()) for arrays in person.keep)
            self.assertAlmostEqual(lowest, 0, delta=.12)

    def test_the_background_stays(self):
        images, masks, _, record = render_person(5, self.assets, 96, 96, poses=4, reframed_share=0)
        self.assertTrue(record["sharedBackground"])
        upper = slice(0, 24)  # above shadows and heads
        alone = np.ones((24, 96), bool)
        for mask in masks:
            grown = np.pad(mask[:25] > 0, 1)
            alone &= ~np.any([grown[a:a + 24, b:b + 96] for a in range(3) for b in range(3)], axis=0)
        self.assertGreater(alone.mean(), .3)
        for image in images[1:]:
            self.assertLess(np.abs(image[upper][alone].astype(int) - images[0][upper][alone]).mean(), .5)

    def test_held_out_seeds_are_refused(self):
        sys.argv = ["shards", "--assets", "nowhere", "--out", tempfile.gettempdir(), "--first-seed", str(HELD_OUT - 10), "--people", "50"]
        with self.assertRaises(SystemExit):
            main()

    def test_logos_are_painted_over(self):
        def orange(texture, box):
            left, top, right, bottom = (int(v * catalogue.TEXTURE) for v in box)
            part = texture[top:bottom, left:right].astype(int)
            return int((part[..., 0] > part[..., 2] + 40).sum())

        for name, boxes in catalogue.LOGOS.items():
            drawn = catalogue.rgba(self.folder / f"clothes/{name}/{name}_diffuse.png")
            for box in boxes:
                self.assertGreater(orange(drawn, box), 40, f"{name}: no logo where one is painted over")
                self.assertLess(orange(self.assets[f"{name}/texture"], box), 8, name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_asset_options(parser)
    options, rest = parser.parse_known_args()
    DressedPeople.folder = Path(options.assets)
    DressedPeople.assets = catalogue.load(options.assets, options.cache)
    unittest.main(argv=[sys.argv[0], *rest])
