"""Paints training people with a finished model, for the retoucher to learn from (scd.train_retoucher).

python3 -m scd.paint --config configs/cpu-256.json --autoencoder runs/polished --model runs/polished
    --data DATA --latents LATENTS --out runs/painted
Of each person a few pairs of poses, joints as MediaPipe would report them. Writes, a shard: frames.npy (uint8, person x
pair x height x width x 3), poses.npy (person x pair x (reference, target)), joints.npy (person x pair x (reference,
target) x 18 x 3). Several processes (RANK, WORLD_SIZE) share the shards; finished shards are left alone.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from people.joints import as_detected, draw_skeleton

from . import images, processes, safetensors
from .autoencoder import AutoencoderTiny
from .batches import EncodedShard
from .export import WEIGHTS
from .model import SCD

PEOPLE_AT_ONCE = 10


def drawn(joints, config):
    style, size = config["skeleton"], config["size"]
    pictures = [draw_skeleton(pose, size, size, style["limbWidth"], style["jointRadius"]) for pose in joints]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def paint(scd, decoder, config, latents, joints, steps, device):
    """Frames of pairs: the references' latents (n, ...) and joints (n, (reference, target), 18, 3)."""
    latents = torch.from_numpy(latents.astype(np.float32)).to(device, memory_format=torch.channels_last)
    reference, target = (drawn(joints[:, which], config).to(device) for which in (0, 1))
    with torch.autocast(device.type, dtype=torch.bfloat16):
        found = scd.sample(latents, reference, target, torch.randn_like(latents), steps)
        return images.to_pixels(decoder(found))


def paint_shard(shard, number, pairs, out, *network):
    people, poses = shard.latents.shape[:2]
    rng = np.random.default_rng([7, number])
    torch.manual_seed(number)
    chosen = np.stack([[rng.permutation(poses)[:2] for _ in range(pairs)] for _ in range(people)])
    owners = np.arange(people)[:, None]
    true = shard.joints[owners[..., None], chosen]
    joints = np.stack([as_detected(pose, rng) for pose in true.reshape(-1, *true.shape[-2:])]).reshape(true.shape)
    references = shard.latents[owners, chosen[..., 0]]
    frames = []
    for part in np.array_split(np.arange(people), -(-people // PEOPLE_AT_ONCE)):
        flat = references[part].reshape(-1, *references.shape[2:]), joints[part].reshape(-1, *joints.shape[2:])
        painted = paint(network[0], network[1], network[2], *flat, *network[3:])
        frames.append(painted.reshape(len(part), pairs, *painted.shape[1:]))
    part = out.with_name(out.name + ".part")
    part.mkdir(parents=True, exist_ok=True)
    np.save(part / "frames.npy", np.concatenate(frames))
    np.save(part / "poses.npy", chosen)
    np.save(part / "joints.npy", joints.astype(np.float32))
    part.rename(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--autoencoder", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--latents", required=True)
    parser.add_argument("--pairs", type=int, default=2, help="of each person")
    parser.add_argument("--shards", type=int, help="the first so many; all without it")
    parser.add_argument("--out", required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    config = json.loads(Path(arguments.config).read_text())
    layout = {"device": device, "memory_format": torch.channels_last}
    autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(arguments.autoencoder) / WEIGHTS)
    scd = SCD(config).load(arguments.model).to(**layout).eval()
    network = scd, autoencoder.decoder.to(**layout).eval(), config, config["defaults"]["steps"], device
    shards = sorted(Path(arguments.latents).glob("shard-????"))[: arguments.shards]
    for number in range(processes.RANK, len(shards), processes.SIZE):
        out = Path(arguments.out) / shards[number].name
        if not out.exists():
            paint_shard(EncodedShard(shards[number]), number, arguments.pairs, out, *network)
            print(out.name, flush=True)


if __name__ == "__main__":
    main()
