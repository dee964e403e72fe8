"""True joints of a clip as MediaPipe would report them over time: its habits hold, its jitter drifts, and its faults last."""
import numpy as np

from .joints import ARMS_AND_LEGS, FACE, torso_length

# Jitter is so much alike from one frame to the next, at 25 frames a second; a part of it is new in every frame.
MEMORY, FRESH = .8, .6
FAULTS = {"dropped": .25, "flipped": .2}  # how many clips of two seconds have one
BIAS = (([2, 5], .047), ([3, 6], .026), ([10, 13], .030))


def wander(rng, frames, *shape):
    """Noise of deviation 1 that remembers."""
    slow = rng.normal(size=(frames, *shape))
    for i in range(1, frames):
        slow[i] = MEMORY * slow[i - 1] + (1 - MEMORY**2) ** .5 * slow[i]
    return (1 - FRESH**2) ** .5 * slow + FRESH * rng.normal(size=slow.shape)


def as_tracked(joints, rng, strength=1., fps=25):
    """joints (frames, 18, 3; score 1 seen, .5 hidden, 0 outside). The same amounts as `as_detected` gives a single pose."""
    frames = len(joints)
    out = joints.astype(np.float64).copy()
    torso = np.maximum([torso_length(pose) for pose in joints], .02)[:, None, None]
    up = joints[:, 1, :2] - (joints[:, 8, :2] + joints[:, 11, :2]) / 2
    up = (up / (np.linalg.norm(up, axis=1, keepdims=True) + 1e-9))[:, None]
    for ids, amount in BIAS:
        out[:, ids, :2] += up * torso * amount * strength * rng.normal(1, .25)
    ears = joints[:, 17, :2] - joints[:, 16, :2]
    width = np.linalg.norm(ears, axis=1, keepdims=True)
    inwards = ears / (width + 1e-9) * np.minimum(torso[:, 0] * .055, width * .4) * strength
    out[:, 16, :2] += inwards
    out[:, 17, :2] -= inwards
    hidden = joints[..., 2] < 1
    spread = np.where(hidden, .055, .022)
    spread[:, FACE] *= .5
    out[..., :2] += torso * strength * (wander(rng, frames, 18, 2) * spread[..., None] + wander(rng, frames, 1, 2) * .012)
    out[:, 1, :2] = (out[:, 2, :2] + out[:, 5, :2]) / 2

    # A joint that is hidden is given up now and then, and stays so for a while.
    missed = hidden & (wander(rng, frames, 18) > 1.2)
    seconds = frames / fps / 2
    if rng.random() < FAULTS["dropped"] * seconds:
        limb, at = ARMS_AND_LEGS[rng.integers(4)][rng.integers(1, 3):], rng.integers(frames)
        missed[at : at + fps // 2, limb] = True
    if rng.random() < FAULTS["flipped"] * seconds:
        limbs, at = ARMS_AND_LEGS[:2] if rng.random() < .5 else ARMS_AND_LEGS[2:], rng.integers(frames)
        span = slice(at, at + rng.integers(1, 5))
        out[span, limbs[0]], out[span, limbs[1]] = out[span, limbs[1]].copy(), out[span, limbs[0]].copy()
        missed[span, limbs[0]], missed[span, limbs[1]] = missed[span, limbs[1]].copy(), missed[span, limbs[0]].copy()
    out[..., 2] = np.where((joints[..., 2] > 0) & ~missed, 1, 0)
    out[:, 1, 2] = np.minimum(out[:, 2, 2], out[:, 5, 2])
    return out
