"""OpenPose-18 joints: their skeleton image, and what MediaPipe makes of true ones."""
import numpy as np

from .native import address, library

# Left and right exchanged, for mirrored images.
MIRROR = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]
ARMS_AND_LEGS = [[2, 3, 4], [5, 6, 7], [8, 9, 10], [11, 12, 13]]
FACE = [0, 14, 15, 16, 17]


def draw_skeleton(joints, width, height, limb_width=4., joint_radius=4.):
    """joints (18, 3): x, y in pixels, score -> image (height, width, 3) uint8. The same pixels as the app draws."""
    joints = np.ascontiguousarray(joints, np.float64)
    canvas, image = np.empty((height, width, 3)), np.empty((height, width, 3), np.uint8)
    library.draw_skeleton(address(joints), width, height, limb_width, joint_radius, address(canvas), address(image))
    return image


def torso_length(joints):
    return float(np.linalg.norm(joints[1, :2] - (joints[8, :2] + joints[11, :2]) / 2))


def as_detected(joints, rng, strength=1.):
    """True joints (18, 3; score 1 seen, .5 hidden, 0 outside) as MediaPipe would report them: its bias (in torso lengths:
    shoulders .047, elbows .026, ankles .030 too high, ears .055 inwards), its jitter, and the joints it misses."""
    out = joints.astype(np.float64).copy()
    torso = max(torso_length(joints), .02)
    # Bias is along the body's own upright.
    up = joints[1, :2] - (joints[8, :2] + joints[11, :2]) / 2
    up = up / (np.linalg.norm(up) + 1e-9)
    for ids, amount in (([2, 5], .047), ([3, 6], .026), ([10, 13], .030)):
        out[ids, :2] += up * torso * amount * strength * rng.normal(1, .25)
    ears = joints[17, :2] - joints[16, :2]
    width = np.linalg.norm(ears)
    if width > .05 * torso:
        inwards = ears / width * min(torso * .055, width * .4) * strength
        out[16, :2] += inwards
        out[17, :2] -= inwards
    hidden = joints[:, 2] < 1
    spread = np.where(hidden, .055, .022)
    spread[FACE] *= .5
    shared = rng.normal(size=2) * .012
    out[:, :2] += torso * strength * (rng.normal(size=(18, 2)) * spread[:, None] + shared)
    out[1, :2] = (out[2, :2] + out[5, :2]) / 2  # the app takes the neck from the shoulders
    missed = rng.random(18) < np.where(hidden, .12, .012)
    if rng.random() < .03:
        missed[ARMS_AND_LEGS[rng.integers(4)][rng.integers(1, 3):]] = True
    out[:, 2] = np.where((joints[:, 2] > 0) & ~missed, 1, 0)
    if out[2, 2] == 0 or out[5, 2] == 0:
        out[1, 2] = 0
    return out
