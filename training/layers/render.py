"""Data for the layers: `python3 -m layers.render --assets DIR --out DIR` from the folder training/.

A shard is a folder that appears when it is whole, as people.shards makes it (images.npy, masks.npy, joints.npy, meta.json),
with, at half the size, for each pose as target and the first REFERENCES poses as references:
flows.npy float16 [people, references, poses, H, W, 2], the place in the reference's picture in 0..1;
seen.npy uint8 [people, references, poses, H, W]: 0 nobody, 1 hidden in the reference, 2 seen there;
and empty.npy uint8 [people, H, W, 3] at full size: the place without anybody.
"""
import argparse
import json
import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np

from people import assets as catalogue
from people import moves, scene
from people.bvh import load_bvh
from people.correspondence import Surfaces, empty_place
from people.render import render
from people.shards import HELD_OUT, add_asset_options, clothed_person

REFERENCES = 2


def render_person(seed, assets, H, W, poses=6, recorded=()):
    """-> the arrays of one person, and a record."""
    rng = np.random.default_rng(seed)
    person = clothed_person(rng, assets, max(H, W))
    view = scene.random_view(rng, person.body.height, H, W)
    setting = scene.random_setting(rng, view)
    stage = scene.Stage(setting, view, H, W)
    roam = .12 * min(view.span / (1.2 * person.body.height), 1)
    images, masks, joints, surfaces = [], [], [], []
    for k in range(poses):
        for _ in range(6):
            image, mask, found = render(person, moves.random_pose(rng, person.poser, k == 0, roam, recorded), stage)
            if found[1, 2] > 0 and mask.mean() > 4:
                break
        images.append(image)
        masks.append(mask)
        joints.append(found)
        surfaces.append(Surfaces(person, stage))
    flows, seen = [], []
    for reference in surfaces[:REFERENCES]:
        traced = [target.sources(reference) for target in surfaces]
        flows.append([sources / np.array([reference.W, reference.H], np.float32) for sources, _ in traced])
        seen.append([seen for _, seen in traced])
    arrays = dict(images=np.stack(images), masks=np.stack(masks), joints=np.stack(joints).astype(np.float32),
                  flows=np.clip(np.array(flows), -4, 5).astype(np.float16), seen=np.array(seen, np.uint8), empty=empty_place(stage))
    return arrays, dict(seed=seed, crop=view.framing, setting=setting.kind, hair=person.look.hair)


def write_shard(task):
    options, number, first, count = task
    folder = Path(options.out) / f"shard-{number:04d}"
    if folder.exists():
        return folder
    rows = [render_person(seed, write_shard.assets, options.size, options.size, options.poses, write_shard.recorded)
            for seed in range(first, first + count)]
    partial = folder.with_suffix(f".{os.getpid()}")
    partial.mkdir(parents=True)
    for name in rows[0][0]:
        np.save(partial / f"{name}.npy", np.stack([arrays[name] for arrays, _ in rows]))
    (partial / "meta.json").write_text(json.dumps([record for _, record in rows]))
    try:
        partial.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        shutil.rmtree(partial)  # another process wrote the very same people first
    return folder


def start(folder, cache, motion):
    write_shard.assets = catalogue.load(folder, cache)
    write_shard.recorded = [load_bvh(path) for path in motion]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_asset_options(parser)
    parser.add_argument("--out", required=True)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--per-shard", type=int, default=20)
    parser.add_argument("--poses", type=int, default=6)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--held-out", action="store_true", help="people that training never sees: seeds from there on")
    parser.add_argument("--motion", nargs="*", default=[], help="BVH files to take some of the poses from")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    base = HELD_OUT if options.held_out else 0
    if not options.held_out and options.first_seed + options.people > HELD_OUT:
        parser.error(f"seeds from {HELD_OUT} on are held out")
    catalogue.load(options.assets, options.cache)
    first = options.first_seed // options.per_shard
    tasks = [(options, i, base + i * options.per_shard, options.per_shard) for i in range(first, first + -(-options.people // options.per_shard))]
    with multiprocessing.Pool(options.processes, start, (options.assets, options.cache, options.motion)) as pool:
        for done, folder in enumerate(pool.imap_unordered(write_shard, tasks), 1):
            print(f"{folder} ({done} of {len(tasks)})", flush=True)


if __name__ == "__main__":
    main()
