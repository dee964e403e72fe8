"""Writes fixtures/skeleton/vectors.json, to which every drawing of the skeleton is held: `python3 -m people.skeleton_vectors`.

A list of {name, width, height, limbWidth, jointRadius, joints: 18 x [x, y, score], sha256, pixels}: sha256 of the image's
RGB bytes, row by row; pixels: some [x, y, r, g, b] that are neither black nor plain, to see where a difference lies.
"""
import hashlib
import json
from pathlib import Path

import numpy as np

from .joints import draw_skeleton

PATH = Path(__file__).parents[2] / "fixtures/skeleton/vectors.json"
STANDING = [[.5, .14], [.5, .25], [.42, .255], [.37, .4], [.35, .54], [.58, .245], [.63, .39], [.66, .53], [.45, .53], [.44, .72], [.43, .91],
            [.55, .53], [.56, .72], [.575, .9], [.485, .125], [.515, .125], [.46, .135], [.54, .135]]


def cases():
    rng = np.random.default_rng(5)
    standing = np.concatenate([np.array(STANDING), np.ones((18, 1))], 1)

    def scaled(joints, width, height):
        out = joints.copy()
        out[:, :2] = np.round(out[:, :2] * [width, height], 3)
        return out

    yield "standing", 256, 256, 6, 7, scaled(standing, 256, 256)
    yield "standing in OpenPose's strokes", 512, 384, 4, 4, scaled(standing, 512, 384)
    bent = standing.copy()
    bent[:, :2] += rng.normal(size=(18, 2)) * .08
    yield "bent", 192, 320, 6, 7, scaled(bent, 192, 320)
    partial = standing.copy()
    partial[[3, 4, 9, 16], 2] = 0
    partial[7, 2] = .5
    yield "with joints not seen", 256, 256, 6, 7, scaled(partial, 256, 256)
    leaving = standing.copy()
    leaving[:, 0] += .45
    leaving[:, 1] *= 1.3
    yield "leaving the image", 128, 128, 6, 7, scaled(leaving, 128, 128)
    folded = standing.copy()
    folded[[3, 4], :2] = folded[2, :2]
    yield "a limb of no length", 256, 256, 6, 7, scaled(folded, 256, 256)
    yield "nobody", 64, 64, 6, 7, scaled(standing * [1, 1, 0], 64, 64)


def main():
    vectors = []
    for name, width, height, limb, radius, joints in cases():
        image = draw_skeleton(joints, width, height, limb, radius)
        spots = np.argwhere((image > 0).any(-1))
        picked = spots[np.linspace(0, len(spots) - 1, min(24, len(spots))).astype(int)]
        vectors.append(dict(name=name, width=width, height=height, limbWidth=limb, jointRadius=radius, joints=joints.tolist(),
                            sha256=hashlib.sha256(image.tobytes()).hexdigest(), pixels=[[int(x), int(y), *map(int, image[y, x])] for y, x in picked]))
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text("[\n" + ",\n".join(json.dumps(v) for v in vectors) + "\n]\n")


if __name__ == "__main__":
    main()
