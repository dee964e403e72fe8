"""Dressed people and garments alone, with what every pixel shows: `python3 -m tryon.shards --assets DIR --out DIR`.

A shard is a folder that appears when it is whole: images.npy uint8 [n, H, W, 3]; labels.npy uint8 [n, H, W]
(people.wardrobe.LABELS); joints.npy float32 [n, 18, 3]; meta.json, a record a picture: the person's seed, and the kind of the
garment that is shown alone, null where a person wears it. Seeds from people.shards.HELD_OUT on are for evaluation.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np

from people import assets as catalogue
from people import moves, scene
from people.render import render
from people.shards import HELD_OUT, add_asset_options
from tryon.garments import KINDS, Helpers, kinds_of, random_dressed

SIZE, WORN = 256, 2
# The middle of a garment alone and the height seen, over the body's height.
SHOWN = {"top": (0.72, 0.5), "bottom": (0.3, 0.72), "dress": (0.55, 0.95), "shoes": (0.05, 0.28)}


def shop_setting(rng, view):
    """Mostly a plain bright ground, as shops have it."""
    if rng.random() < 0.25:
        return scene.random_setting(rng, view, str(rng.choice(["studio", "plain"])))
    setting = scene.random_setting(rng, view, "studio")
    bright = np.full(3, rng.uniform(0.75, 1.0)) if rng.random() < 0.75 else scene.colour(rng, (0, 0.4), (0.7, 1))
    setting.place.ground = scene.material(rng, scene.SMOOTH, bright * 0.97, bright, 0.08, 0.3)
    setting.place.wall = setting.place.ground
    return setting


def shop_picture(rng, person, kind, H, W):
    """The garment on nobody. -> image, labels, joints, or None where this person has none of that kind."""
    alone = person.alone(KINDS[kind])
    if alone is None:
        return None
    middle, span = (value * person.body.height for value in SHOWN[kind])
    view = scene.random_view(rng, person.body.height, H, W, "full")
    seen = span * rng.uniform(0.95, 1.4)
    view.target[:] = rng.normal() * 0.03 * seen, middle + rng.normal() * 0.03 * seen, 0
    view.distance, view.yaw, view.pitch = seen / (2 * np.tan(view.fov / 2)), rng.normal() * 0.05, abs(rng.normal()) * 0.06
    pose = moves.put(moves.neutral(), heading=rng.normal() * 0.1)
    for side in "lr":
        reach, down = rng.uniform(0.15, 0.75), rng.uniform(-0.95, -0.3)
        moves.put(pose, side, hand_x=reach, hand_y=down, hand_z=rng.uniform(0, 0.2), foot_x=rng.uniform(0.08, 0.25))
    stage = scene.Stage(shop_setting(rng, view), view, H, W)
    labels = np.zeros((H, W), np.uint8)
    image, _, joints = render(alone, pose, stage, labels=labels)
    return image, labels, joints


def worn(rng, person, H, W, view=None, stage=None, frontal=False):
    """-> image, labels, joints."""
    view = view or scene.random_view(rng, person.body.height, H, W)
    stage = stage or scene.Stage(scene.random_setting(rng, view), view, H, W)
    labels = np.zeros((H, W), np.uint8)
    roam = 0.12 * min(view.span / (1.2 * person.body.height), 1)
    for _ in range(4):
        image, mask, joints = render(person, moves.random_pose(rng, person.poser, frontal, roam), stage, labels=labels)
        if joints[1, 2] > 0 and mask.mean() > 4:
            break
    return image, labels, joints


def pictures_of(seed, assets, helpers):
    """Worn in several poses and places, and one garment alone."""
    rng = np.random.default_rng(seed)
    person = random_dressed(rng, assets, helpers)
    kinds = kinds_of(person)
    kind = str(rng.choice(kinds, p=np.array([0.2 if k == "shoes" else 1 for k in kinds]) / sum(0.2 if k == "shoes" else 1 for k in kinds)))
    shots = [(worn(rng, person, SIZE, SIZE, frontal=i == 0), None) for i in range(WORN)] + [(shop_picture(rng, person, kind, SIZE, SIZE), kind)]
    return [(*shot, dict(seed=seed, kind=kind)) for shot, kind in shots]


def write_shard(folder, seeds, assets, helpers):
    if folder.exists():
        return
    images, labels, joints, records = zip(*(row for seed in seeds for row in pictures_of(seed, assets, helpers)))
    partial = folder.with_suffix(f".{os.getpid()}")
    partial.mkdir(parents=True)
    for name, rows in (("images", images), ("labels", labels), ("joints", joints)):
        np.save(partial / f"{name}.npy", np.stack(rows))
    (partial / "meta.json").write_text(json.dumps(records))
    partial.rename(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", required=True)
    parser.add_argument("--people", type=int, default=1600)
    parser.add_argument("--per-shard", type=int, default=40)
    parser.add_argument("--held-out", action="store_true", help="people that no training sees")
    options = parser.parse_args()
    assets, helpers = catalogue.load(options.assets, options.cache), Helpers(options.assets)
    first = HELD_OUT + 200_000 if options.held_out else 0
    for number in range(-(-options.people // options.per_shard)):
        start = first + number * options.per_shard
        write_shard(Path(options.out) / f"shard-{number:04d}", range(start, start + options.per_shard), assets, helpers)
        print(f"{number + 1} shards", flush=True)


if __name__ == "__main__":
    main()
