"""The baseline that needs no network: the reference image, moved limb by limb to the target's joints.

Each body part is a segment between two points. The similarity (rotation, uniform scale, shift) that takes the target's
segment to the reference's says where a pixel near the target's part comes from. A pixel follows all parts at once,
weighted by exp(-(distance to the target's segment / (reach x target's torso length))^2); standing still weighs
exp(-4). So the person follows the skeleton and the far background stays.
"""

import numpy as np

NOSE, NECK, RIGHT_HIP, LEFT_HIP = 0, 1, 8, 11
HIPS = "hips"  # the middle of both
# (from, to, reach).
PARTS = [
    (NECK, HIPS, 0.35),
    (NECK, NOSE, 0.30),
    (2, 3, 0.14),
    (3, 4, 0.12),
    (5, 6, 0.14),
    (6, 7, 0.12),
    (8, 9, 0.18),
    (9, 10, 0.14),
    (11, 12, 0.18),
    (12, 13, 0.14),
]
STILL = np.exp(-4)
SCALES = 0.25, 4


def point(joints, which):
    """(x, y) as a complex number, or None where the joint is not seen."""
    if which == HIPS:
        ends = [point(joints, RIGHT_HIP), point(joints, LEFT_HIP)]
        return None if None in ends else (ends[0] + ends[1]) / 2
    x, y, score = joints[which]
    return complex(x, y) if score > 0 else None


def similarity(target, reference):
    """Factor and shift with reference = factor x target + shift, its scale held within SCALES."""
    (a, b), (c, d) = target, reference
    if abs(b - a) < 1e-6 or abs(d - c) < 1e-6:
        return 1, (c + d - a - b) / 2
    factor = (d - c) / (b - a)
    factor *= np.clip(abs(factor), *SCALES) / abs(factor)
    return factor, (c + d) / 2 - factor * (a + b) / 2


def distance_to_segment(places, a, b):
    along = b - a
    share = np.real((places - a) * np.conj(along)) / max(abs(along) ** 2, 1e-12)
    return np.abs(places - a - np.clip(share, 0, 1) * along)


def sample(image, places):
    """Bilinear; places beyond the edge take the edge's colour. Pixel centres lie at half-integers."""
    height, width = image.shape[:2]
    x = np.clip(places.real - 0.5, 0, width - 1)
    y = np.clip(places.imag - 0.5, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = (x - left)[..., None], (y - top)[..., None]
    upper = image[top, left] * (1 - fx) + image[top, right] * fx
    lower = image[bottom, left] * (1 - fx) + image[bottom, right] * fx
    return upper * (1 - fy) + lower * fy


def limb_sources(places, reference_joints, target_joints, height):
    """Where in the reference each of some places of the target comes from, all as complex x + iy in pixels."""
    neck, hips = point(target_joints, NECK), point(target_joints, HIPS)
    torso = abs(neck - hips) if neck is not None and hips is not None else height / 4
    weights, sources = np.full(places.shape, STILL), STILL * places
    for start, end, reach in PARTS:
        target = point(target_joints, start), point(target_joints, end)
        reference = point(reference_joints, start), point(reference_joints, end)
        if None in target or None in reference:
            continue
        factor, shift = similarity(target, reference)
        weight = np.exp(-((distance_to_segment(places, *target) / (reach * torso)) ** 2))
        weights += weight
        sources += weight * (factor * places + shift)
    return sources / weights


def middles(height, width, cell=1):
    """The middles of a grid's cells."""
    rows, columns = np.arange(height // cell) + 0.5, np.arange(width // cell) + 0.5
    return cell * (columns[None] + 1j * rows[:, None])


def warp_limbs(image, reference_joints, target_joints):
    """uint8 (height, width, 3) and joints (18, 3) twice -> float (height, width, 3)."""
    height, width = image.shape[:2]
    sources = limb_sources(middles(height, width), reference_joints, target_joints, height)
    return sample(image.astype(np.float64), sources)
