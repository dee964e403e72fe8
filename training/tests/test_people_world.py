"""What surrounds a person: cloth, places, clips, captured motion; and that a seed decides everything."""
import ctypes
import tempfile
import unittest
from pathlib import Path

import numpy as np

from people import moves, music, prints, scene
from people.bvh import load_bvh
from people.heldout import still_pixels
from people.native import Cloth, Print, address, library, mip_chain
from people.pose import INDEX, get
from people.wardrobe import linear
from tests.box_person import BoxPerson

BVH = """HIERARCHY
ROOT Hips
{ OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Spine { OFFSET 0 20 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT LeftArm { OFFSET 15 30 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT LeftForeArm { OFFSET 30 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
        JOINT LeftHand { OFFSET 25 0 0 CHANNELS 3 Zrotation Xrotation Yrotation End Site { OFFSET 8 0 0 } } } }
    JOINT RightArm { OFFSET -15 30 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT RightForeArm { OFFSET -30 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
        JOINT RightHand { OFFSET -25 0 0 CHANNELS 3 Zrotation Xrotation Yrotation End Site { OFFSET -8 0 0 } } } }
    JOINT Head { OFFSET 0 45 0 CHANNELS 3 Zrotation Xrotation Yrotation End Site { OFFSET 0 20 0 } } }
  JOINT LeftUpLeg { OFFSET 10 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT LeftLeg { OFFSET 0 -45 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT LeftFoot { OFFSET 0 -45 0 CHANNELS 3 Zrotation Xrotation Yrotation End Site { OFFSET 0 -5 15 } } } }
  JOINT RightUpLeg { OFFSET -10 0 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT RightLeg { OFFSET 0 -45 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT RightFoot { OFFSET 0 -45 0 CHANNELS 3 Zrotation Xrotation Yrotation End Site { OFFSET 0 -5 15 } } } }
}
MOTION
Frames: 3
Frame Time: 0.04
"""


class Weaving(unittest.TestCase):
    SIZE = 64

    def bake(self, cloth, prints_=()):
        """A square metre of cloth that fills its texture, facing forwards: u is x, v is down."""
        uv = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])
        rest = np.float32([[-5, 5, 0], [5, 5, 0], [5, -5, 0], [-5, -5, 0]])
        faces = np.int32([[0, 2, 1], [0, 3, 2]])
        source = np.full((self.SIZE, self.SIZE, 4), 128, np.uint8)
        folds = np.full((self.SIZE, self.SIZE), 255, np.uint8)
        out = np.empty_like(source)
        array = (Print * 1)(*prints_)
        library.bake_cloth(address(source), address(folds), self.SIZE, 2, address(uv), address(faces), address(faces), address(rest),
                           address(np.zeros(2, np.uint8)), (Cloth * 1)(cloth), array, len(prints_), address(out))
        return out

    def cloth(self, pattern, **options):
        cloth = Cloth(woven=1, pattern=pattern, scale=.5, balance=.5, folds=0, grain=0, **options)
        cloth.colours[:] = [0, 0, 0, 1, 1, 1, 1, 0, 0]
        return cloth

    def test_stripes_lie_across(self):
        baked = self.bake(self.cloth(1))[..., 0].astype(int)
        self.assertTrue((baked == baked[:, :1]).all())  # each row one tone
        changes = np.abs(np.diff(baked[:, 0])) > 60
        self.assertGreaterEqual(changes.sum(), 9)  # five stripes on ten decimetres at half a stripe each
        self.assertAlmostEqual((baked[:, 0] > 128).mean(), .5, delta=.08)

    def test_a_print_lies_where_it_is_put_and_hides_what_is_under_it(self):
        pixels = np.full((prints.SIZE, prints.SIZE, 4), 255, np.uint8)
        pixels[..., 1:3] = 0
        front = Print(address(pixels), prints.SIZE, 0, 0, 2.5, 2.5, 1)
        baked = self.bake(self.cloth(0), [front])
        red = baked[..., 0] > 200
        quarter = self.SIZE // 4
        expected = np.zeros_like(red)
        expected[quarter:-quarter, quarter:-quarter] = True
        self.assertLess((red != expected).mean(), .02)
        back = Print(address(pixels), prints.SIZE, 0, 0, 2.5, 2.5, 0)
        self.assertFalse((self.bake(self.cloth(0), [back])[..., 0] > 200).any())

    def test_mips_average_light_not_codes(self):
        board = np.zeros((8, 8, 4), np.uint8)
        board[..., 3] = 255
        board[::2, ::2, :3] = board[1::2, 1::2, :3] = 255
        last = mip_chain(board)[-64:].reshape(4, 4, 4)
        self.assertTrue((np.abs(last[..., :3].astype(int) - 188) <= 1).all())  # half the light is 188 in sRGB

    def test_linear(self):
        np.testing.assert_allclose(linear([0, .5, 1]), [0, .2140, 1], atol=1e-4)


class Seeds(unittest.TestCase):
    def test_a_place_is_decided_by_its_seed(self):
        person = BoxPerson()

        def backdrop(seed):
            rng = np.random.default_rng(seed)
            view = scene.random_view(rng, person.body.height, 48, 48)
            return scene.Stage(scene.random_setting(rng, view), view, 48, 48).arrays[0]

        pictures = [backdrop(s) for s in range(6)]
        for s, picture in enumerate(pictures):
            np.testing.assert_array_equal(picture, backdrop(s))
            self.assertTrue(np.isfinite(picture).all())
        self.assertEqual(len({p.tobytes() for p in pictures}), 6)

    def test_reframing_shifts_the_background(self):
        rng = np.random.default_rng(0)
        view = scene.random_view(rng, 16, 48, 48, "full")
        setting = scene.random_setting(rng, view, "room")
        a, b = (scene.Stage(setting, v, 48, 48).arrays[0] for v in (view, scene.reframed(rng, view)))
        self.assertGreater(np.abs(a - b).mean(), 1e-3)

    def test_poses_are_decided_by_their_seed_and_varied(self):
        poser = BoxPerson().poser
        poses = [moves.random_pose(np.random.default_rng(s), poser) for s in range(60)]
        np.testing.assert_array_equal(poses[7], moves.random_pose(np.random.default_rng(7), poser))
        facing = np.cos([get(p, "heading") for p in poses])
        self.assertGreater((facing < -.6).sum(), 2)   # backs
        self.assertGreater((np.abs(facing) < .5).sum(), 3)  # profiles
        self.assertGreater((facing > .6).sum(), 30)
        self.assertGreater(np.ptp([get(p, "hand_y_l") for p in poses]), 1.2)


class Clips(unittest.TestCase):
    def test_still_pixels_leave_out_people_and_shadows(self):
        frames = np.full((3, 4, 4, 3), 100, np.uint8)
        masks = np.zeros((3, 4, 4), np.uint8)
        masks[1, 0, 0] = 255
        frames[2, 3, 3] = 90
        frames[1, 2, 2] = 102
        still = still_pixels(frames, masks) > 0
        self.assertEqual(np.argwhere(~still).tolist(), [[0, 0], [3, 3]])

    def test_a_beat_is_as_long_as_asked_and_audible(self):
        for style in music.PATTERNS:
            sound = music.beat(style, 120, 2, np.random.default_rng(0))
            self.assertEqual(sound.shape, (2 * music.RATE, 2))
            self.assertLess(np.abs(sound).max(), 1)
            self.assertGreater(np.sqrt((sound ** 2).mean()), .05)


class CapturedMotion(unittest.TestCase):
    def load(self, frames):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "motion.bvh"
            path.write_text(BVH + "\n".join(" ".join(f"{v:g}" for v in row) for row in frames))
            return load_bvh(path, fps=25)

    def frames(self):
        """A T-pose; then the left arm straight up; then all turned a quarter to the left."""
        joints = 15
        rows = np.zeros((3, 3 + 3 * joints))
        rows[:, 1] = 90
        rows[1, 3 + 3 * 2] = 90
        rows[2, 5] = 90
        return rows

    def test_a_t_pose_and_a_raised_arm(self):
        track = self.load(self.frames())
        self.assertEqual(len(track), 3)
        for side in "lr":
            np.testing.assert_allclose([get(track[0], f"hand_{a}_{side}") for a in "xyz"], [1, 0, 0], atol=1e-6)
            self.assertAlmostEqual(get(track[0], f"foot_x_{side}"), 10 / 90, places=6)
        np.testing.assert_allclose([get(track[1], f"hand_{a}_l") for a in "xyz"], [0, 1, 0], atol=1e-6)
        self.assertAlmostEqual(get(track[2], "heading") - get(track[0], "heading"), np.pi / 2, places=6)
        np.testing.assert_allclose(get(track[2], "hand_x_l"), 1, atol=1e-6)

    def test_the_posed_body_follows(self):
        person = BoxPerson()
        track = self.load(self.frames())
        joints = person.body.joints(person.poser.matrices(track[1]))
        self.assertGreater(joints[7, 1], joints[0, 1])       # the left wrist above the nose
        self.assertGreater(joints[7, 1] - joints[5, 1], .85 * person.poser.arm)
        self.assertLess(abs(joints[4, 1] - joints[2, 1]), .15 * person.poser.arm)

    def test_a_file_without_legs_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "odd.bvh"
            path.write_text(BVH.replace("LeftUpLeg", "Tentacle") + "\n".join(" ".join("0" for _ in row) for row in self.frames()))
            with self.assertRaisesRegex(ValueError, "thigh_l"):
                load_bvh(path)


if __name__ == "__main__":
    unittest.main()
