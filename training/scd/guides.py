"""What the retoucher is shown beside a frame: the photo, moved to where the frame's pose says that its parts have gone.

The torso moves as one piece by the affine map that takes its length and breadth along; each limb and the head move as
pieces of their own, and a pixel follows the nearest of them. The app computes the same (src/engine/guides.ts).
"""

import numpy as np

from people.joints import FACE

from .warp import HIPS, LEFT_HIP, NECK, NOSE, RIGHT_HIP, distance_to_segment, point, sample

RIGHT_SHOULDER, LEFT_SHOULDER = 2, 5
TORSO = (NECK, HIPS, 0.35)
# (from, to, reach over the torso's length, how far the part goes on beyond its second joint, over its own length)
LIMBS = [
    (2, 3, 0.14, 0),
    (3, 4, 0.12, 0.35),
    (5, 6, 0.14, 0),
    (6, 7, 0.12, 0.35),
    (8, 9, 0.18, 0),
    (9, 10, 0.14, 0.25),
    (11, 12, 0.18, 0),
    (12, 13, 0.14, 0.25),
]
HEAD_REACH = 0.3
# The head's middle line, from neck to nose and beyond, over that distance.
HEAD_LINE = 0.5, 1.6
NECK_COUNTS = 0.5  # beside each point of the face
STRETCH = 0.25, 4  # of a limb's length
BREADTH = 0.5, 2  # of everything that has no length of its own
TURNED_AWAY = -0.1
STIFFNESS = 0.3  # of the torso, over its length


def along_and_across(target, reference, breadth):
    """The map that takes a segment to another, `breadth` times as broad: (matrix, shift), reference = matrix target + shift.

    Plane vectors are complex; the matrix is given by its images of 1 and i.
    """
    (a, b), (c, d) = target, reference
    u, v = (b - a) / max(abs(b - a), 1e-6), (d - c) / max(abs(d - c), 1e-6)
    length = np.clip(abs(d - c) / max(abs(b - a), 1e-6), *STRETCH)
    columns = [length * v * np.real(e * np.conj(u)) + breadth * 1j * v * np.imag(e * np.conj(u)) for e in (1, 1j)]
    return through_middles(columns, (a + b) / 2, (c + d) / 2)


def through_middles(columns, target, reference):
    return columns, reference - (columns[0] * target.real + columns[1] * target.imag)


def move(map_, places):
    (x, y), shift = map_
    return x * places.real + y * places.imag + shift


def of_torso(target, reference, target_across, reference_across, breadth):
    """Takes length and breadth along as well as it can without bending what the other poses cannot tell."""
    begun, _ = along_and_across(target, reference, breadth)
    pairs = [(target[1] - target[0], reference[1] - reference[0]), (target_across, reference_across)]
    stiff = (STIFFNESS * abs(pairs[0][0])) ** 2 + 1e-6
    # A = (R T' + stiff B) (T T' + stiff)^-1, with the pairs as columns of T and R.
    xx, yy, xy = stiff, stiff, 0.0
    x, y = stiff * begun[0], stiff * begun[1]
    for t, r in pairs:
        xx, yy, xy = xx + t.real**2, yy + t.imag**2, xy + t.real * t.imag
        x, y = x + r * t.real, y + r * t.imag
    size = xx * yy - xy * xy
    columns = [(x * yy - y * xy) / size, (y * xx - x * xy) / size]
    return through_middles(columns, sum(target) / 2, sum(reference) / 2)


def of_head(target, reference):
    """The similarity nearest to taking every point of the face, and the neck, to where it was."""
    shares = {joint: NECK_COUNTS if joint == NECK else 1.0 for joint in [*FACE, NECK]}
    seen = [j for j in shares if point(target, j) is not None and point(reference, j) is not None]
    total = sum(shares[j] for j in seen)
    middles = [sum(shares[j] * point(pose, j) for j in seen) / total for pose in (target, reference)]
    moved = [(shares[j], point(target, j) - middles[0], point(reference, j) - middles[1]) for j in seen]
    factor = sum(s * np.conj(t) * r for s, t, r in moved) / max(sum(s * abs(t) ** 2 for s, t, _ in moved), 1e-6)
    factor *= np.clip(abs(factor), *BREADTH) / max(abs(factor), 1e-6)
    return through_middles([factor, 1j * factor], *middles)


def segment(pose, start, end):
    ends = point(pose, start), point(pose, end)
    return None if None in ends else ends


def torso_length(pose, height):
    found = segment(pose, NECK, HIPS)
    # Neck and hips may lie on one point.
    return max(abs(found[1] - found[0]) if found else height / 4, 1)


def across(pose):
    """From the right side to the left."""
    pairs = [segment(pose, RIGHT_SHOULDER, LEFT_SHOULDER), segment(pose, RIGHT_HIP, LEFT_HIP)]
    found = [b - a for a, b in (pair for pair in pairs if pair)]
    return sum(found) / len(found) if found else None


def facing(pose):
    """Above 0 for a body that is seen from the front, below for its back, about 0 from the side."""
    torso, breadth = segment(pose, NECK, HIPS), across(pose)
    if torso is None or breadth is None:
        return 0.0
    down = torso[1] - torso[0]
    return np.imag(np.conj(breadth) * down) / max(abs(down) ** 2, 1)


def outlines(pose):
    """The middle lines of all parts that a pose shows, with their reaches."""
    lines = {}
    for start, end, reach, beyond in LIMBS:
        found = segment(pose, start, end)
        if found:
            lines[start, end] = (found[0], found[1] + beyond * (found[1] - found[0])), reach
    neck_and_nose = segment(pose, NECK, NOSE)
    if neck_and_nose:
        neck, nose = neck_and_nose
        lines["head"] = tuple(neck + share * (nose - neck) for share in HEAD_LINE), HEAD_REACH
    torso = segment(pose, NECK, HIPS)
    if torso:
        lines["torso"] = torso, TORSO[2]
    return lines


def breadth_of(target, reference):
    """How much broader the reference's person is: the middle of what its parts' lengths say."""
    lengths = []
    for start, end, *_ in [*LIMBS, TORSO]:
        there, here = segment(target, start, end), segment(reference, start, end)
        if there and here:
            lengths.append(abs(here[1] - here[0]) / max(abs(there[1] - there[0]), 1e-6))
    return float(np.clip(np.median(lengths), *BREADTH)) if lengths else 1.0


def maps(target, reference):
    """The map of each part that both poses show."""
    breadth = breadth_of(target, reference)
    found = {}
    for start, end, *_ in LIMBS:
        there, here = segment(target, start, end), segment(reference, start, end)
        if there and here:
            found[start, end] = along_and_across(there, here, breadth)
    # A face is not to be laid over the back of a head.
    turned = facing(target) * facing(reference) < TURNED_AWAY
    if segment(target, NECK, NOSE) and segment(reference, NECK, NOSE) and not turned:
        found["head"] = of_head(target, reference)
    there, here = segment(target, NECK, HIPS), segment(reference, NECK, HIPS)
    breadths = across(target), across(reference)
    if there and here and None not in breadths:
        found["torso"] = of_torso(there, here, *breadths, breadth)
    return found


def distances(places, lines, torso):
    """Of some places to each part's middle line, 1 being its reach."""
    return {part: distance_to_segment(places, *line) / (reach * torso) for part, (line, reach) in lines.items()}


def nearness(found, places):
    return np.exp(-(np.min(list(found.values()), 0) ** 2)) if found else np.zeros(places.shape)


def guide_sources(places, target, reference, height):
    """Where in the photo the torso's piece and the limbs' pieces of some places come from, and how near both persons are."""
    here = distances(places, outlines(target), torso_length(target, height))
    there = distances(places, outlines(reference), torso_length(reference, height))
    moves = maps(target, reference)
    torso = move(moves["torso"], places) if "torso" in moves else places
    limbs, least = places, np.full(places.shape, np.inf)
    for part, map_ in moves.items():
        if part != "torso":
            nearer = here[part] < least
            limbs, least = np.where(nearer, move(map_, places), limbs), np.minimum(here[part], least)
    return torso, limbs, np.stack([nearness(here, places), nearness(there, places)], -1)


def guides(photo, target, reference, places):
    """uint8 photo and joints -> its pieces at some places, torso and limbs (..., 3) of 255, and nearness (..., 2)."""
    torso, limbs, near = guide_sources(places, target, reference, len(photo))
    return sample(photo, torso), sample(photo, limbs), near
