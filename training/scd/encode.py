"""Encodes all shards once, so that training the U-Net never touches an image.

python3 -m scd.encode --config configs/cpu-256.json --autoencoder runs/autoencoder --data DATA --out runs/latents
Writes, a shard: latents.npy (float16, person x pose x channel x row x column), person.npy (float16, the share of each
latent cell that the person covers), joints.npy, meta.json; with --mirrored also mirrored.npy, the mirror images'
latents. Several processes (RANK, WORLD_SIZE) share the shards; finished shards are left alone.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from . import images, processes, safetensors
from .autoencoder import AutoencoderTiny
from .data import Shard
from .export import WEIGHTS

BATCH = 30


@torch.no_grad()
def encode_images(autoencoder, pixels, device, mirrored=False):
    """uint8 (n, height, width, 3) -> float16 (n, channels, rows, columns)."""
    latents = []
    for part in np.array_split(pixels, -(-len(pixels) // BATCH)):
        tensor = images.to_tensor(part[:, :, ::-1] if mirrored else part)
        tensor = tensor.to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            latents.append(autoencoder.encoder(tensor).float().cpu().numpy().astype(np.float16))
    return np.concatenate(latents)


def person_shares(masks, cell):
    tensor = torch.from_numpy(np.ascontiguousarray(masks)).float()[:, None] / 255
    return F.avg_pool2d(tensor, cell)[:, 0].numpy().astype(np.float16)


def encode_shard(autoencoder, shard, out, device, mirrored):
    if out.exists() and (not mirrored or (out / "mirrored.npy").exists()):
        return
    people, poses = shard.images.shape[:2]
    pixels = shard.images.reshape(people * poses, *shard.images.shape[2:])

    def by_person(array):
        return array.reshape(people, poses, *array.shape[1:])

    part = out.with_name(out.name + ".part")
    part.mkdir(parents=True, exist_ok=True)
    latents = encode_images(autoencoder, pixels, device)
    np.save(part / "latents.npy", by_person(latents))
    if mirrored:
        np.save(part / "mirrored.npy", by_person(encode_images(autoencoder, pixels, device, mirrored=True)))
    masks = shard.masks.reshape(people * poses, *shard.masks.shape[2:])
    np.save(part / "person.npy", by_person(person_shares(masks, masks.shape[1] // latents.shape[2])))
    np.save(part / "joints.npy", shard.joints)
    shutil.copy(shard.folder / "meta.json", part / "meta.json")
    if out.exists():
        shutil.rmtree(out)
    part.rename(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--autoencoder", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--mirrored", action="store_true")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    config = json.loads(Path(arguments.config).read_text())
    autoencoder = safetensors.into_module(AutoencoderTiny(config["autoencoder"]), Path(arguments.autoencoder) / WEIGHTS)
    autoencoder = autoencoder.to(device, memory_format=torch.channels_last).eval()
    shards = sorted(Path(arguments.data).glob("shard-????"))
    for folder in shards[processes.RANK :: processes.SIZE]:
        encode_shard(autoencoder, Shard(folder), Path(arguments.out) / folder.name, device, arguments.mirrored)
        print(folder.name, flush=True)


if __name__ == "__main__":
    main()
