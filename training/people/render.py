"""One picture of a posed person on a stage, with the mask and the true joints."""
import ctypes

import numpy as np

from .body import FLESH
from .native import address, library


def tone_curve():
    """4096 entries over sqrt(linear / 4): a soft shoulder, then sRGB."""
    x = 4 * np.linspace(0, 1, 4096) ** 2
    y = np.where(x < .7, x, .7 + .3 * (1 - np.exp(-(x - .7) / .3)))
    srgb = np.where(y <= .0031308, y * 12.92, 1.055 * np.maximum(y, 1e-9) ** (1 / 2.4) - .055)
    return (srgb * 255 + .5).astype(np.uint8)


TONE = tone_curve()


def render(person, pose, stage, samples=2, soft=False, labels=None):
    """-> image (H, W, 3) uint8, mask (H, W) uint8 (255: person), joints (18, 3): x, y in pixels and 1 seen, .5 hidden, 0 outside.
    `samples`: a side of each pixel. `soft`: the mask tells how much of a pixel the person covers. `labels`, (H, W) uint8, is
    filled with what each pixel shows (wardrobe.LABELS)."""
    matrices = person.poser.matrices(pose)
    return render_matrices(person, matrices, stage, samples, soft, labels)


def render_matrices(person, matrices, stage, samples=2, soft=False, labels=None):
    body = person.body
    head = body.bone("head")
    centre = matrices[head][:, :3] @ ((body.heads[head] + body.tails[head]) / 2) + matrices[head][:, 3]
    joints = np.concatenate([body.joints(matrices), FLESH[:, None]], 1).astype(np.float32)
    feet = joints[[10, 13], :3] - np.array([0, person.poser.ankle, 0], np.float32)
    native = matrices.astype(np.float32)
    image, mask, seen = np.empty((stage.H, stage.W, 3), np.uint8), np.empty((stage.H, stage.W), np.uint8), np.empty((18, 3), np.float32)
    centre, feet = centre.astype(np.float32), np.ascontiguousarray(feet)
    setting = stage.setting
    covered = library.render_frame(ctypes.addressof(person.native), len(person.parts), address(native), address(centre), ctypes.byref(stage.camera),
                                   ctypes.byref(setting.light), ctypes.byref(stage.backdrop), stage.H, stage.W, samples, setting.exposure,
                                   setting.softness, soft, address(TONE), address(feet), 18, address(joints), address(image), address(mask), address(seen),
                                   None if labels is None else address(labels))
    if covered < 0:
        raise MemoryError("a frame")
    return image, mask, seen
