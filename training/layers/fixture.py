"""Writes small random networks of the layers and what they make of random pictures, as truth for another implementation.

python3 -m layers.fixture --out ../fixtures/layers
Weights are rounded to float16 before anything is computed, so a float16 file holds them exactly.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from people.joints import draw_skeleton
from scd import safetensors
from scd.parity_fixture import randomize
from scd.retoucher_fixture import REFERENCE, TARGET, UNSEEN

from . import batches
from .matte import Matte
from .mover import CELL, Mover, guides
from .plate import Plate, filled
from .train_mover import compose

CONFIGS = {
    "mover": {"_class_name": "Mover", "block_out_channels": [6, 8, 10]},
    "matte": {"_class_name": "Matte", "block_out_channels": [6, 8, 10], "layers_per_block": [1, 1, 2], "last_channels": 5},
    "plate": {"_class_name": "Plate", "block_out_channels": [5, 7], "layers_per_block": [1, 2], "last_channels": 4},
}
CLASSES = {"mover": Mover, "matte": Matte, "plate": Plate}
HEIGHT, WIDTH = 32, 48


def poses():
    reference, target = (np.concatenate([pose, np.ones((18, 1))], 1).astype(np.float64) for pose in (REFERENCE, TARGET))
    target[UNSEEN, 2] = 0
    return reference, target


def picture(rng, channels, smooth=1):
    """Random in [0, 1]; in squares of `smooth` pixels."""
    coarse = torch.from_numpy(rng.random((1, channels, HEIGHT // smooth, WIDTH // smooth), np.float32))
    return F.interpolate(coarse, scale_factor=smooth) if smooth > 1 else coarse


def drawn(pose):
    pixels = draw_skeleton(pose, WIDTH, HEIGHT, batches.LIMB_WIDTH, batches.JOINT_RADIUS)
    return torch.from_numpy(pixels.astype(np.float32) / 255)[None].permute(0, 3, 1, 2).contiguous()


def sources(target, reference):
    """As `batches.sources_by_guides`, for a picture that is no square."""
    y, x = np.mgrid[0 : HEIGHT // CELL, 0 : WIDTH // CELL]
    at = (x + 0.5) * CELL + 1j * ((y + 0.5) * CELL)
    torso, limbs, near = batches.guide_sources(at, target, reference, HEIGHT)
    whole = batches.of_whole(target, reference, at)
    split = lambda c: torch.from_numpy(np.stack([c.real / WIDTH, c.imag / HEIGHT]).astype(np.float32))[None]  # noqa: E731
    return split(limbs), split(torso), split(whole), torch.from_numpy(near.transpose(2, 0, 1).astype(np.float32))[None]


@torch.no_grad()
def compute(networks):
    rng = np.random.default_rng(3)
    reference, target = poses()
    photo, outline, place = picture(rng, 3) * 2 - 1, picture(rng, 1, 4), picture(rng, 3, 8) * 2 - 1
    hole = (picture(rng, 1, 8) > 0.6).float()
    io = {"photo": photo, "outline": outline, "hole": hole, "place": place}
    io["matte"] = networks["matte"](photo, outline)
    io["filled"] = filled(photo, hole)
    io["change"] = networks["plate"](io["filled"], hole)
    io["skeleton_photo"], io["skeleton"] = drawn(reference), drawn(target)
    told = sources(target, reference)
    io.update(zip(("limbs", "torso", "whole", "nearness"), told), told=guides(photo, outline, *told))
    mover = networks["mover"]
    for i, features in enumerate(mover.look(photo, outline, io["skeleton_photo"]), 1):
        io[f"photo_{i}"] = features
    _, io["layers"], _ = mover(photo, outline, io["skeleton_photo"], io["skeleton"], *told)
    io["picture"], io["moved"] = compose(io, io["layers"])
    io = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in io.items()}
    return {**io, "reference_joints": reference.astype(np.float32), "target_joints": target.astype(np.float32)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = Path(parser.parse_args().out)
    torch.manual_seed(5)
    networks = {name: randomize(CLASSES[name](config)) for name, config in CONFIGS.items()}
    for name, network in networks.items():
        (out / name).mkdir(parents=True, exist_ok=True)
        (out / name / "config.json").write_text(json.dumps(CONFIGS[name], indent=1) + "\n")
        safetensors.write(out / name / "diffusion_pytorch_model.safetensors", safetensors.from_module(network, np.float16))
    safetensors.write(out / "io.safetensors", compute(networks))


if __name__ == "__main__":
    main()
