import unittest

import numpy as np
import torch

from scd import images, metrics, warp

SIZE = 64


def figure(shift=0j, turn=1, scale=1):
    """A person's joints, moved as one."""
    x = np.array([32, 32, 26, 24, 22, 38, 40, 42, 28, 28, 28, 36, 36, 36, 30, 34, 29, 35], float)
    y = np.array([12, 18, 19, 26, 32, 19, 26, 32, 36, 46, 56, 36, 46, 56, 10, 10, 11, 11], float)
    places = (x + 1j * y - (32 + 32j)) * turn * scale + 32 + 32j + shift
    return np.stack([places.real, places.imag, np.ones(18)], 1)


def picture(seed=0):
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3))
    return np.kron(coarse, np.ones((8, 8, 1))).astype(np.uint8)


class TestWarp(unittest.TestCase):
    def test_the_same_pose_changes_nothing(self):
        np.testing.assert_allclose(warp.warp_limbs(picture(), figure(), figure()), picture(), atol=1e-6)

    def test_a_shifted_person_takes_its_pixels_along(self):
        warped = warp.warp_limbs(picture(), figure(), figure(shift=8))
        torso = slice(24, 34), slice(37, 43)
        moved = picture()[24:34, 29:35]
        np.testing.assert_allclose(warped[torso], moved, atol=40)
        np.testing.assert_allclose(warped[torso].mean(), moved.mean(), atol=2)

    def test_the_far_background_stays(self):
        warped = warp.warp_limbs(picture(), figure(), figure(shift=8))
        np.testing.assert_allclose(warped[:, :4], picture()[:, :4], atol=25)

    def test_similarities_map_segments_onto_each_other(self):
        factor, shift = warp.similarity((1 + 1j, 3 + 5j), (10 + 0j, 12 - 3j))
        self.assertAlmostEqual(factor * (1 + 1j) + shift, 10 + 0j)
        self.assertAlmostEqual(factor * (3 + 5j) + shift, 12 - 3j)
        factor, _ = warp.similarity((0j, 100 + 0j), (0j, 1 + 0j))
        self.assertAlmostEqual(abs(factor), warp.SCALES[0])

    def test_unseen_joints_are_left_out(self):
        hidden = figure()
        hidden[[3, 4, 9, 10], 2] = 0
        hidden[[3, 4, 9, 10], :2] = 1e6
        self.assertTrue(np.isfinite(warp.warp_limbs(picture(), figure(shift=3), hidden)).all())


class TestMetrics(unittest.TestCase):
    def setUp(self):
        self.image = images.to_tensor(picture()[None])
        self.mask = torch.zeros(1, 1, SIZE, SIZE)
        self.mask[..., :16] = 1

    def test_psnr_and_l1_follow_from_the_difference(self):
        other = self.image + 10 / 127.5
        self.assertAlmostEqual(float(metrics.l1(self.image, other)), 10, places=3)
        self.assertAlmostEqual(float(metrics.psnr(self.image, other)), 20 * np.log10(255 / 10), places=3)

    def test_masks_choose_the_pixels(self):
        other = self.image.clone()
        other[..., 16:] += 0.5
        other[..., :16] += 2 / 127.5
        self.assertAlmostEqual(float(metrics.l1(self.image, other, self.mask)), 2, places=3)

    def test_ssim_is_one_for_equal_images_and_falls_with_noise(self):
        self.assertAlmostEqual(float(metrics.ssim(self.image, self.image)), 1, places=5)
        noisy = self.image + 0.3 * torch.randn(self.image.shape, generator=torch.Generator().manual_seed(0))
        self.assertLess(float(metrics.ssim(self.image, noisy)), 0.9)

    def test_blur_lowers_sharpness(self):
        blurred = torch.nn.functional.avg_pool2d(self.image, 9, 1, 4)
        self.assertLess(images.sharpness(blurred, self.image, torch.ones_like(self.mask)), 0.8)
        ramp = torch.arange(SIZE).float().expand(1, 3, SIZE, SIZE)
        self.assertAlmostEqual(float(images.gradient_magnitude(ramp).mean()), 1, places=4)

    def test_flicker_counts_still_pixels_alone(self):
        frames = self.image.repeat(3, 1, 1, 1)
        frames[1, :, :, :16] += 4 / 127.5
        frames[1, :, :, 16:] += 1
        self.assertAlmostEqual(metrics.flicker(frames, self.mask), 4, places=3)


if __name__ == "__main__":
    unittest.main()
