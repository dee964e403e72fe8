"""The renderer's geometry, on a person made of boxes."""
import ctypes
import unittest

import numpy as np

from people import moves, scene
from people.native import Backdrop, Camera, Light, Part, address, library, mip_chain
from people.pose import INDEX, mirrored, neutral, put
from people.render import TONE, render
from tests.box_person import BoxPerson

SIZE = 96


def level_view(person, distance=60.):
    fov = 2 * np.arctan(.65 * person.body.height / distance)
    return scene.View("full", np.array([0, .5 * person.body.height, 0]), distance, 0., 0., fov)


def plain_setting(seed=0, **changes):
    rng = np.random.default_rng(seed)
    person_view = scene.View("full", np.array([0., 8, 0]), 60., 0., 0., .4)
    setting = scene.random_setting(rng, person_view, "room")
    for name, value in changes.items():
        setattr(setting, name, value)
    return setting


class OneTriangle(unittest.TestCase):
    def draw(self, corners, samples=1):
        """A white triangle at 10 dm before a camera whose pixels are 1 dm there, over black."""
        rest = np.array(corners, np.float32)
        texture = np.full((4, 4, 4), 255, np.uint8)
        keep = [rest, np.zeros((1, 2), np.float32), np.array([[0, 1, 2]], np.int32), np.zeros((1, 3), np.int32), np.zeros((3, 4), np.uint8),
                np.tile(np.float32([1, 0, 0, 0]), (3, 1)), mip_chain(texture), *(np.empty((3, 3), np.float32) for _ in range(3))]
        rest_at, uv, faces, uv_faces, bones, weights, pixels, posed, normals, screen = map(address, keep)
        part = Part(3, 1, rest_at, uv, faces, uv_faces, bones, weights, pixels, 4, 1, (1, 0, 0, 0, 1, 0, 0, 0, 1), 0, 0, 0, posed, normals, screen)
        camera = Camera(focal=10, centre_x=8, centre_y=8)
        camera.eye[:], camera.rotation[:] = (0, 0, 10), np.eye(3).ravel()
        light = Light()
        light.key_direction[:], light.sky[:], light.ground[:] = (0, 0, 1), (1, 1, 1), (1, 1, 1)
        arrays = [np.zeros((16, 16, 3), np.float32) for _ in range(3)] + [np.zeros((16, 16), np.uint8)]
        backdrop = Backdrop(*map(address, arrays))
        image, mask, seen = np.empty((16, 16, 3), np.uint8), np.empty((16, 16), np.uint8), np.empty((1, 3), np.float32)
        matrices, feet, joints = np.float32([[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]]), np.zeros((2, 3), np.float32), np.float32([[0, 0, 0, .5]])
        covered = library.render_frame(ctypes.addressof(part), 1, address(matrices), address(feet), ctypes.byref(camera), ctypes.byref(light),
                                       ctypes.byref(backdrop), 16, 16, samples, 1., 1., 0, address(TONE), address(feet), 1, address(joints),
                                       address(image), address(mask), address(seen), None)
        return covered, image, mask, seen

    def test_its_pixels(self):
        covered, image, mask, seen = self.draw([[-4, -4, 0], [4, -4, 0], [-4, 4, 0]])
        # Right-angled at the lower left: row y holds the pixels whose centres lie left of the diagonal.
        expected = np.zeros((16, 16), bool)
        for y in range(4, 12):
            for x in range(4, 12):
                expected[y, x] = (x + .5 - 4) <= (y + .5 - 4)
        np.testing.assert_array_equal(mask > 0, expected)
        self.assertEqual(covered, expected.sum())
        self.assertTrue((image[~expected] == 0).all())
        self.assertTrue((image[expected] > 200).all())
        np.testing.assert_allclose(seen, [[8, 8, 1]])

    def test_coverage_of_an_edge_is_blended(self):
        _, image, mask, _ = self.draw([[-4, -4, 0], [4.5, -4, 0], [-4, 4, 0]], samples=4)
        edge = image[11, 11:13, 0].astype(int)
        self.assertTrue(0 < edge[1] < 200 and edge[0] > edge[1], edge)

    def test_a_joint_behind_is_hidden(self):
        _, _, _, seen = self.draw([[-4, -4, 2], [4, -4, 2], [-4, 8, 2]])
        self.assertEqual(seen[0, 2], .5)


class Posing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.person = BoxPerson()

    def joints(self, **values):
        pose = neutral()
        for side in "lr":
            put(pose, side, **values)
        return self.person.body.joints(self.person.poser.matrices(pose))

    def test_hands_go_where_they_are_put(self):
        poser, joints = self.person.poser, self.joints(hand_x=.6, hand_y=-.2, hand_z=.4)
        for wrist, shoulder, sign in ((7, 5, 1), (4, 2, -1)):
            offset = joints[wrist] - joints[shoulder]
            self.assertLess(np.abs(offset - np.array([sign * .6, -.2, .4]) * poser.arm).max(), .12)

    def test_feet_go_where_they_are_put(self):
        poser, joints = self.person.poser, self.joints(foot_x=.25, foot_z=.1, toe_out=0)
        for ankle, sign in ((13, 1), (10, -1)):
            np.testing.assert_allclose(joints[ankle], [sign * .25 * poser.leg, poser.ankle, .1 * poser.leg], atol=.02)

    def test_limbs_keep_their_lengths(self):
        rng = np.random.default_rng(0)
        rest = self.joints()
        limbs = [(2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13)]
        for _ in range(20):
            joints = self.person.body.joints(self.person.poser.matrices(moves.free(rng)))
            for a, b in limbs:
                self.assertAlmostEqual(np.linalg.norm(joints[a] - joints[b]), np.linalg.norm(rest[a] - rest[b]), places=5)

    def test_a_mirrored_pose_mirrors_the_joints(self):
        rng = np.random.default_rng(3)
        swap = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]
        for _ in range(5):
            pose = moves.free(rng)
            pose[INDEX["heading"]] = .4
            there, here = (self.person.body.joints(self.person.poser.matrices(p)) for p in (mirrored(pose), pose))
            np.testing.assert_allclose(there[swap][2:14] * [-1, 1, 1], here[2:14], atol=1e-6)

    def test_planted_feet_stay_planted_in_a_dance(self):
        track = moves.dance(np.random.default_rng(1), 2, 25, "salsa", turns=0, phrases=[("groove", "swing")])
        heights = np.array([self.person.body.joints(self.person.poser.matrices(p))[[10, 13], 1] for p in track])
        self.assertLess(heights.max() - self.person.poser.ankle, 1.1)
        self.assertGreater(heights.min(), self.person.poser.ankle - .05)

    def test_dances_move_smoothly(self):
        for seed, style in enumerate(moves.STYLES):
            track = moves.dance(np.random.default_rng(seed), 3, 25, style)
            points = np.array([self.person.body.joints(self.person.poser.matrices(p)) for p in track])
            fastest = np.linalg.norm(np.diff(points, axis=0), axis=-1).max()
            self.assertLess(fastest, 5.0, style)  # half a metre in a frame: 12 m/s, a fast hand
            self.assertGreater(np.linalg.norm(points[:, 4] - points[0, 4], axis=-1).max(), .5, style)

    def test_hands_in_the_trunk_are_noticed(self):
        poser = self.person.poser
        clear, inside = neutral(), neutral()
        put(clear, "l", hand_x=.7, hand_y=0, hand_z=.3)
        put(inside, "l", hand_x=-.25, hand_y=-.3, hand_z=.0)
        self.assertLessEqual(poser.collision(poser.matrices(clear)), .05)
        self.assertGreater(poser.collision(poser.matrices(inside)), .3)


class Frames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.person = BoxPerson()
        cls.view = level_view(cls.person)
        cls.stage = scene.Stage(plain_setting(), cls.view, SIZE, SIZE)

    def test_joints_lie_on_the_body(self):
        rng = np.random.default_rng(0)
        for _ in range(8):
            pose = moves.everyday(rng)
            _, mask, joints = render(self.person, pose, self.stage)
            for x, y, score in joints:
                if score > 0:
                    near = mask[max(int(y) - 1, 0):int(y) + 2, max(int(x) - 1, 0):int(x) + 2]
                    self.assertTrue(near.any(), (x, y))

    def test_the_far_arm_is_hidden_in_profile(self):
        pose = neutral()
        pose[INDEX["heading"]] = np.pi / 2  # the left side to +x turns away from, the right towards the camera
        for side in "lr":
            put(pose, side, hand_x=.12, hand_y=-.95, hand_z=0)
        joints = render(self.person, pose, self.stage)[2]
        self.assertEqual(set(joints[[3, 4], 2]) | set(joints[[6, 7], 2]), {.5, 1})

    def test_what_leaves_the_image_is_outside(self):
        pose = put(neutral(), place_x=1.2)
        joints = render(self.person, pose, self.stage)[2]
        beyond = (joints[:, 0] >= SIZE) | (joints[:, 0] < 0)
        self.assertTrue(beyond.any() and not beyond.all())
        np.testing.assert_array_equal(joints[:, 2] == 0, beyond)

    def test_the_same_pose_gives_the_same_bytes(self):
        pose = moves.everyday(np.random.default_rng(4))
        for a, b in zip(render(self.person, pose, self.stage), render(BoxPerson(), pose, scene.Stage(plain_setting(), self.view, SIZE, SIZE))):
            np.testing.assert_array_equal(a, b)

    def test_the_background_is_the_same_in_every_frame(self):
        """But for the person's shadow, every pixel behind them; with a light that casts none, all of them."""
        setting = plain_setting(1)
        setting.light.key[:] = (0, 0, 0)
        stage = scene.Stage(setting, self.view, SIZE, SIZE)
        rng = np.random.default_rng(5)
        frames = [render(self.person, moves.everyday(rng), stage) for _ in range(4)]
        walls = stage.arrays[3].astype(bool) & (stage.arrays[2][..., 1] > .01)  # contact shadows lie on the floor alone
        for image, mask, _ in frames[1:]:
            # A pixel at the person's edge is a mixture though most of it may be wall.
            person = np.maximum(mask, frames[0][1]) > 0
            grown = np.pad(person, 1)
            near = np.any([grown[a:a + SIZE, b:b + SIZE] for a in range(3) for b in range(3)], axis=0)
            np.testing.assert_array_equal(image[walls & ~near], frames[0][0][walls & ~near])
            self.assertGreater((walls & ~near).sum(), SIZE * SIZE / 5)

    def test_shadows_fall_away_from_the_light(self):
        setting = plain_setting(2)
        light = setting.light
        light.key_direction[:], light.key[:] = (.7, .6, .39), (1, 1, 1)
        dark = scene.Stage(setting, self.view, SIZE, SIZE)
        lit = render(self.person, neutral(), dark)[0].astype(int)
        empty = render(self.person, put(neutral(), place_x=50), dark)[0].astype(int)
        mask = render(self.person, neutral(), dark)[1] > 0
        darker = np.argwhere((empty - lit).sum(-1) * ~mask > 30)
        self.assertGreater(len(darker), 10)
        self.assertLess(darker[:, 1].mean(), SIZE / 2)  # lit from the right, shaded on the left

    def test_any_aspect_ratio(self):
        for H, W in ((128, 64), (64, 128)):
            view = scene.random_view(np.random.default_rng(0), self.person.body.height, H, W, "full")
            image, mask, joints = render(self.person, neutral(), scene.Stage(plain_setting(), view, H, W))
            self.assertEqual((image.shape, mask.shape), ((H, W, 3), (H, W)))
            self.assertTrue((joints[:, 2] > 0).mean() > .8)


if __name__ == "__main__":
    unittest.main()
