"""The skeleton drawing: against its definition, and the shared vectors against the drawing."""
import hashlib
import json
import time
import unittest

import numpy as np

from people.joints import MIRROR, as_detected, draw_skeleton
from people.skeleton_vectors import PATH, cases

LIMBS = [(1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17)]
COLOURS = [(255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255),
           (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)]


def by_definition(joints, width, height, limb_width, joint_radius):
    """Every pixel asked about every limb, as the format is written down."""
    unit = min(width, height) / 512
    canvas = np.zeros((height, width, 3))
    y, x = np.mgrid[:height, :width] + .5

    def blend(colour, distance):
        coverage = np.clip(.5 - distance, 0, 1)[..., None]
        canvas[:] = canvas + (np.array(colour) - canvas) * coverage

    for i, (a, b) in enumerate(LIMBS):
        if not (joints[a][2] > 0 and joints[b][2] > 0):
            continue
        dx, dy = joints[b][0] - joints[a][0], joints[b][1] - joints[a][1]
        length = np.sqrt(dx * dx + dy * dy)
        ux, uy = (dx / length, dy / length) if length > 0 else (1., 0.)
        across = limb_width * unit
        along = max(length / 2, across)
        ox, oy = x - (joints[a][0] + joints[b][0]) / 2, y - (joints[a][1] + joints[b][1]) / 2
        p, q = ox * ux + oy * uy, oy * ux - ox * uy
        k = np.sqrt((p / along) ** 2 + (q / across) ** 2)
        g = np.sqrt((p / along ** 2) ** 2 + (q / across ** 2) ** 2)
        with np.errstate(invalid="ignore"):
            blend([c * .6 for c in COLOURS[i]], np.where(k == 0, -across, k * (k - 1) / g))
    for j in range(18):
        if joints[j][2] > 0:
            blend(COLOURS[j], np.sqrt((x - joints[j][0]) ** 2 + (y - joints[j][1]) ** 2) - joint_radius * unit)
    return np.floor(canvas + .5).astype(np.uint8)


class SkeletonDrawing(unittest.TestCase):
    def test_every_pixel_is_the_definition_s(self):
        for name, width, height, limb, radius, joints in cases():
            with self.subTest(name):
                np.testing.assert_array_equal(draw_skeleton(joints, width, height, limb, radius), by_definition(joints, width, height, limb, radius))

    def test_thin_limbs_keep_their_tips(self):
        """The distance to a thin ellipse is underestimated past its tips: no pixel there may be lost."""
        joints = np.zeros((18, 3))
        joints[1], joints[2] = [20.3, 128, 1], [235.1, 131.7, 1]
        np.testing.assert_array_equal(draw_skeleton(joints, 256, 256, 4, 4), by_definition(joints, 256, 256, 4, 4))

    def test_shared_vectors_are_up_to_date(self):
        vectors = json.loads(PATH.read_text())
        self.assertGreaterEqual(len(vectors), 7)
        for v in vectors:
            image = draw_skeleton(np.array(v["joints"]), v["width"], v["height"], v["limbWidth"], v["jointRadius"])
            self.assertEqual(hashlib.sha256(image.tobytes()).hexdigest(), v["sha256"], v["name"])
            for x, y, *colour in v["pixels"]:
                self.assertEqual(image[y, x].tolist(), colour)

    def test_a_skeleton_takes_little_time(self):
        joints = next(cases())[5]
        begun = time.process_time()
        for _ in range(20):
            draw_skeleton(joints, 256, 256, 6, 7)
        self.assertLess((time.process_time() - begun) / 20, .01)


class Detection(unittest.TestCase):
    def setUp(self):
        self.joints = next(cases())[5]

    def test_bias_is_mediapipe_s(self):
        rng = np.random.default_rng(0)
        seen = np.stack([as_detected(self.joints, rng) for _ in range(2000)])
        torso = self.joints[8, 1] * .5 + self.joints[11, 1] * .5 - self.joints[1, 1]
        shift = (seen[..., :2].mean(0) - self.joints[:, :2]) / torso
        for joint, higher in ((2, .047), (5, .047), (3, .026), (6, .026), (10, .03), (13, .03)):
            self.assertAlmostEqual(-shift[joint, 1], higher, delta=.006)
        self.assertGreater(shift[16, 0], .03)
        self.assertLess(shift[17, 0], -.03)
        spread = seen[:, 9, :2].std(0) / torso
        self.assertTrue((spread > .015).all() and (spread < .04).all(), spread)

    def test_hidden_joints_are_missed_more_often(self):
        rng = np.random.default_rng(1)
        hidden = self.joints.copy()
        hidden[4, 2] = .5
        hidden[10, 2] = 0
        seen = np.stack([as_detected(hidden, rng) for _ in range(2000)])[..., 2]
        self.assertGreater((seen[:, 4] == 0).mean(), 3 * (seen[:, 9] == 0).mean())
        self.assertTrue((seen[:, 10] == 0).all())
        self.assertTrue(set(np.unique(seen)) <= {0., 1.})

    def test_mirroring_twice_changes_nothing(self):
        self.assertEqual([MIRROR[i] for i in MIRROR], list(range(18)))


if __name__ == "__main__":
    unittest.main()
