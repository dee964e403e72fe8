"""Short clips of dancing people, for what learns along time: `python3 -m people.clips --assets DIR --out DIR`.

Each shard is a folder that appears when it is whole: references.npy uint8 [clips, H, W, 3]; reference_joints.npy; frames.npy
uint8 [clips, frames, H, W, 3]; masks.npy, 255 inside the person; joints.npy float32 [clips, frames, 18, 3], true ones. One
place and one camera a clip. --motion takes BVH files, from which half of the dances come. A clip is a function of its seed.
"""
import argparse
from pathlib import Path

import numpy as np

from . import assets as catalogue
from . import scene
from .bvh import load_bvh
from .moves import dance, random_pose
from .pose import INDEX
from .render import render
from .shards import HELD_OUT, add_asset_options, clothed_person

FPS, FIRST_SEED = 25, 5_000_000
NAMES = ("references", "reference_joints", "frames", "masks", "joints")


def some_of(rng, track, frames):
    """A piece of a captured track, moved onto the spot and turned towards the camera."""
    start = rng.integers(max(1, len(track) - frames))
    piece = track[start : start + frames].copy()
    for name in ("place_x", "place_z", "heading"):
        piece[:, INDEX[name]] -= piece[:, INDEX[name]].mean()
    piece[:, INDEX["heading"]] += rng.normal() * .3
    return piece


def render_clip(seed, assets, frames, size, recorded=()):
    rng = np.random.default_rng(seed)
    person = clothed_person(rng, assets, size)
    view = scene.random_view(rng, person.body.height, size, size)
    stage = scene.Stage(scene.random_setting(rng, view), view, size, size)
    reference, _, reference_joints = render(person, random_pose(rng, person.poser, frontal=True), stage)
    if recorded and rng.random() < .5:
        poses = some_of(rng, recorded[rng.integers(len(recorded))], frames)
    else:
        seconds = max(2., frames / FPS)
        track = dance(rng, seconds, FPS)
        poses = track[(start := rng.integers(len(track) - frames + 1)) : start + frames]
    images, masks, joints = zip(*(render(person, pose, stage) for pose in poses))
    return reference, reference_joints, np.stack(images), np.stack(masks), np.stack(joints)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", required=True)
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--per-shard", type=int, default=20)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--motion", nargs="*", default=[], help="BVH files to take half of the dances from")
    options = parser.parse_args()
    assert FIRST_SEED + options.clips <= HELD_OUT
    assets = catalogue.load(options.assets, options.cache)
    recorded = [track for track in map(load_bvh, options.motion) if len(track) > options.frames]
    for first in range(0, options.clips, options.per_shard):
        folder = Path(options.out) / f"clips-{first // options.per_shard:04d}"
        if folder.exists():
            continue
        seeds = range(FIRST_SEED + first, FIRST_SEED + min(first + options.per_shard, options.clips))
        clips = [render_clip(seed, assets, options.frames, options.size, recorded) for seed in seeds]
        partial = folder.with_suffix(".part")
        partial.mkdir(parents=True, exist_ok=True)
        for name, column in zip(NAMES, zip(*clips)):
            np.save(partial / f"{name}.npy", np.stack(column))
        partial.rename(folder)
        print(folder, flush=True)


if __name__ == "__main__":
    main()
