"""Images as tensors in [-1, 1], contact sheets, and the sharpness measure."""

import numpy as np
import torch
from PIL import Image

LUMA = (0.299, 0.587, 0.114)


def to_tensor(pixels):
    """uint8 (n, height, width, 3) to float (n, 3, height, width) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pixels(tensor):
    """The reverse, rounded and clipped."""
    return ((tensor.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def gradient_magnitude(image):
    """Length of the brightness's gradient by central differences, (n, 1, height - 2, width - 2)."""
    grey = (image * torch.tensor(LUMA, device=image.device)[:, None, None]).sum(1, keepdim=True)
    down = (grey[..., 2:, 1:-1] - grey[..., :-2, 1:-1]) / 2
    right = (grey[..., 1:-1, 2:] - grey[..., 1:-1, :-2]) / 2
    # A square root's slope is infinite at 0: without the small term a flat patch makes every gradient NaN.
    return (down.square() + right.square() + 1e-12).sqrt()


def sharpness(output, truth, mask):
    """Mean gradient magnitude inside the person over the truth's."""
    inside = mask[..., 1:-1, 1:-1]
    return float((gradient_magnitude(output) * inside).sum() / (gradient_magnitude(truth) * inside).sum())


def sheet(rows):
    """One picture of several rows of images of one size."""
    lines = [np.concatenate(list(to_pixels(row)), 1) for row in rows]
    return Image.fromarray(np.concatenate(lines, 0))
