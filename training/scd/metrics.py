"""PSNR, SSIM, L1 and sharpness an image, over all of it or where a mask is 1. Images are (n, 3, height, width) in [-1, 1]."""

import torch
from torch.nn import functional as F

from .images import gradient_magnitude

RADIUS, SIGMA = 5, 1.5
C1, C2 = 0.01**2, 0.03**2


def mean_over(values, mask):
    if mask is None:
        return values.mean((1, 2, 3))
    return (values * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))


def psnr(a, b, mask=None):
    squared = ((a - b) / 2).square().mean(1, keepdim=True)
    return -10 * mean_over(squared, mask).log10()


def l1(a, b, mask=None):
    """In 0..255."""
    return mean_over((a - b).abs().mean(1, keepdim=True), mask) * 127.5


def ssim(a, b):
    """Gaussian windows of 11x11, sigma 1.5, wholly inside the image; the mean of the three colours."""
    offsets = torch.arange(-RADIUS, RADIUS + 1.0)
    line = torch.exp(-offsets.square() / (2 * SIGMA**2))
    window = (line[:, None] * line[None]) / line.sum() ** 2
    kernel = window[None, None].expand(3, 1, -1, -1)

    def smooth(x):
        return F.conv2d(x, kernel, groups=3)

    a, b = (a + 1) / 2, (b + 1) / 2
    mean_a, mean_b = smooth(a), smooth(b)
    variance_a = smooth(a * a) - mean_a.square()
    variance_b = smooth(b * b) - mean_b.square()
    covariance = smooth(a * b) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + C1) * (2 * covariance + C2)
    return (alike / ((mean_a.square() + mean_b.square() + C1) * (variance_a + variance_b + C2))).mean((1, 2, 3))


def sharpness(image, mask):
    return mean_over(gradient_magnitude(image), mask[..., 1:-1, 1:-1])


def flicker(frames, still):
    """Mean absolute change from frame to frame over the pixels that `still` marks, in 0..255."""
    change = (frames[1:] - frames[:-1]).abs().mean(1, keepdim=True) * 127.5
    return float(mean_over(change, still.expand_as(change)).mean())
