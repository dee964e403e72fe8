"""Truths for measuring the layers' parts: `python3 -m layers.parts --assets DIR --out ../eval/parts` from the folder training/.

People that training never sees, each with a photo, the place without them, their matte in the photo, and of a target pose
where in the photo each pixel comes from: parts.json and pictures. A flow is a PNG: places in the photo in shares of its
sides from -0.5 to 1.5 as numbers of twelve bits, whose upper eight are red and green and whose lower four share blue.
"""
import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from people import assets as catalogue
from people.bvh import load_bvh
from people.shards import HELD_OUT, add_asset_options

from .render import render_person

FIRST = HELD_OUT + 7000
LOW, RANGE = -.5, 2.
STEPS = 4096


def packed(flow):
    number = np.clip((flow.astype(np.float64) - LOW) / RANGE * STEPS, 0, STEPS - 1).astype(np.uint16)
    x, y = number[..., 0], number[..., 1]
    return np.stack([x >> 4, y >> 4, (x & 15) << 4 | y & 15], -1).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", required=True)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--motion", nargs="*", default=[], help="BVH files to take some of the poses from")
    options = parser.parse_args()
    out, assets = Path(options.out), catalogue.load(options.assets, options.cache)
    out.mkdir(parents=True, exist_ok=True)
    recorded, entries, seed = [load_bvh(path) for path in options.motion], [], FIRST
    while len(entries) < options.people:
        arrays, _ = render_person(seed, assets, options.size, options.size, 2, recorded)
        seed += 1
        seen = arrays["seen"][0, 1]
        if (seen == 2).sum() < 200:  # too little to tell a flow by
            continue
        name = f"person-{len(entries):02d}"
        jpeg = {"quality": 92, "subsampling": 0}
        Image.fromarray(arrays["images"][0]).save(out / f"{name}-photo.jpg", **jpeg)
        Image.fromarray(arrays["empty"]).save(out / f"{name}-place.jpg", **jpeg)
        Image.fromarray(arrays["masks"][0]).save(out / f"{name}-matte.png")
        Image.fromarray(packed(np.where(seen[..., None] > 0, arrays["flows"][0, 1], 0))).save(out / f"{name}-flow.png")
        Image.fromarray((seen * 127).astype(np.uint8)).save(out / f"{name}-seen.png")
        joints = [[[round(float(v), 1) for v in joint[:2]] if joint[2] > 0 else None for joint in pose] for pose in arrays["joints"]]
        entries.append({"name": name, "photoJoints": joints[0], "targetJoints": joints[1]})
        print(name, flush=True)
    (out / "parts.json").write_text(json.dumps(entries, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
