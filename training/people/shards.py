"""Training data: `python3 -m people.shards --assets DIR --out DIR` from the folder training/.

Each shard is a folder that appears when it is whole: images.npy uint8 [people, poses, H, W, 3]; masks.npy uint8
[people, poses, H, W], 255 inside the person; joints.npy float32 [people, poses, 18, 3]: x, y in pixels, 1 seen, .5 hidden
behind something, 0 outside the image; meta.json: a record a person. Pose 0 stands towards the camera.
A person is a function of its seed alone; seeds from HELD_OUT on are for evaluation and never rendered here.
"""
import argparse
import json
import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np

from . import assets as catalogue
from . import moves, scene
from .bvh import load_bvh
from .render import render
from .wardrobe import Person, random_look

HELD_OUT = 9_000_000
REFRAMED_SHARE = .12


def clothed_person(rng, assets, size):
    return Person(assets, random_look(rng, assets), 512 if size > 400 else 256)


def shot(rng, person, view, stage, frontal, recorded=(), soft=False):
    """A pose that the camera sees (a crouch must not leave a close view), rendered."""
    roam = .12 * min(view.span / (1.2 * person.body.height), 1)
    for _ in range(6):
        image, mask, joints = render(person, moves.random_pose(rng, person.poser, frontal, roam, recorded), stage, 3 if soft else 2, soft)
        if joints[1, 2] > 0 and mask.mean() > 4:
            break
    return image, mask, joints


def render_person(seed, assets, H, W, poses=6, reframed_share=REFRAMED_SHARE, recorded=(), soft=False):
    """-> images, masks, joints, record."""
    rng = np.random.default_rng(seed)
    person = clothed_person(rng, assets, max(H, W))
    view = scene.random_view(rng, person.body.height, H, W)
    setting = scene.random_setting(rng, view)
    moving = rng.random() < reframed_share
    stage = scene.Stage(setting, view, H, W)
    frames = []
    for k in range(poses):
        if moving and k:
            stage = scene.Stage(setting, scene.reframed(rng, view), H, W)
        frames.append(shot(rng, person, view, stage, k == 0, recorded, soft))
    images, masks, joints = (np.stack(column) for column in zip(*frames))
    look = person.look
    return images, masks, joints, dict(seed=seed, sharedBackground=not moving, crop=view.framing, setting=setting.kind,
                                       top=look.top, bottom=look.bottom, hair=look.hair)


def write_shard(task):
    options, number, first, count = task
    folder = Path(options.out) / f"shard-{number:04d}"
    if folder.exists():
        return folder
    save_people(folder, [render_person(seed, write_shard.assets, options.height, options.width, options.poses, recorded=write_shard.recorded, soft=options.soft)
                         for seed in range(first, first + count)])
    return folder


def save_people(folder, people):
    images, masks, joints, records = zip(*people)
    partial = folder.with_suffix(f".{os.getpid()}")
    partial.mkdir(parents=True)
    np.save(partial / "images.npy", np.stack(images))
    np.save(partial / "masks.npy", np.stack(masks))
    np.save(partial / "joints.npy", np.stack(joints).astype(np.float32))
    (partial / "meta.json").write_text(json.dumps(records))
    try:
        partial.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(partial)  # another process wrote the very same people first


def start(folder, cache, motion):
    write_shard.assets = catalogue.load(folder, cache)
    write_shard.recorded = [load_bvh(path) for path in motion]


def add_asset_options(parser):
    parser.add_argument("--assets", required=True, help="the unpacked MakeHuman assets (see the README)")
    parser.add_argument("--cache", default="runs/assets.npz", help="the packed assets, written when missing")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", required=True)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--per-shard", type=int, default=50)
    parser.add_argument("--poses", type=int, default=6)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--soft", action="store_true", help="masks tell how much of a pixel the person covers: for mattes")
    parser.add_argument("--motion", nargs="*", default=[], help="BVH files to take some of the poses from")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if options.first_seed + options.people > HELD_OUT:
        parser.error(f"seeds from {HELD_OUT} on are held out")
    catalogue.load(options.assets, options.cache)  # packed once, before the workers read it
    first = options.first_seed // options.per_shard  # a shard's number follows from its seeds
    tasks = [(options, i, i * options.per_shard, options.per_shard) for i in range(first, first + -(-options.people // options.per_shard))]
    with multiprocessing.Pool(options.processes, start, (options.assets, options.cache, options.motion)) as pool:
        for done, folder in enumerate(pool.imap_unordered(write_shard, tasks), 1):
            print(f"{folder} ({done} of {len(tasks)})", flush=True)


if __name__ == "__main__":
    main()
