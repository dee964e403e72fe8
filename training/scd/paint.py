"""Paints training people with a finished model, for the retoucher to learn from (scd.train_retoucher).

python3 -m scd.paint --config configs/cpu-256.json --autoencoder runs/polished --model runs/polished
    --data DATA --out runs/painted
Of each person a few pairs of poses, joints as MediaPipe would report them. Writes, a shard: frames.npy (uint8, person x
pair x height x width x 3), poses.npy (person x pair x (reference, target)), joints.npy (person x pair x (reference,
target) x 18 x 3). Several processes (RANK, WORLD_SIZE) share the shards; finished shards are left alone.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from people.joints import as_detected

from . import images, processes
from .data import Shard
from .painter import Painter


def paint_shard(painter, shard, number, pairs, out):
    people, poses = shard.images.shape[:2]
    rng = np.random.default_rng([7, number])
    chosen = np.stack([[rng.permutation(poses)[:2] for _ in range(pairs)] for _ in range(people)])
    owners = np.arange(people)[:, None]
    true = shard.joints[owners[..., None], chosen].reshape(-1, 2, 18, 3)
    joints = np.stack([[as_detected(pose, rng) for pose in pair] for pair in true])
    photos = shard.images[owners, chosen[..., 0]].reshape(-1, *shard.images.shape[2:])
    steps = painter.config["defaults"]["steps"]
    with torch.autocast(painter.device.type, dtype=torch.bfloat16):
        frames = painter.generate(photos, joints[:, 0], joints[:, 1], painter.noise(len(photos), number), steps)
    part = out.with_name(out.name + ".part")
    part.mkdir(parents=True, exist_ok=True)
    by_person = people, pairs
    np.save(part / "frames.npy", images.to_pixels(frames).reshape(*by_person, *photos.shape[1:]))
    np.save(part / "poses.npy", chosen)
    np.save(part / "joints.npy", joints.astype(np.float32).reshape(*by_person, *joints.shape[1:]))
    part.rename(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--autoencoder", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--pairs", type=int, default=2, help="of each person")
    parser.add_argument("--shards", type=int, help="the first so many; all without it")
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    config = json.loads(Path(arguments.config).read_text())
    painter = Painter(config, arguments.autoencoder, arguments.model, device)
    shards = sorted(Path(arguments.data).glob("shard-????"))[: arguments.shards]
    for number in range(processes.RANK, len(shards), processes.SIZE):
        out = Path(arguments.out) / shards[number].name
        if not out.exists():
            paint_shard(painter, Shard(shards[number]), number, arguments.pairs, out)
            print(out.name, flush=True)


if __name__ == "__main__":
    main()
